package simulate

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// A place is where touches of a channel happen, as our own and as Japanese records name
// it, and the campaign behind them.
type place struct {
	name, japanese string
	word           string // the channel in Japanese records
	campaign       touchpoint.Campaign
}

var places = map[string]place{
	"Display":     {"Display banner", "ディスプレイバナー", "ディスプレイ広告", touchpoint.Campaign{Source: "adnet", Medium: "display", Name: "brand"}},
	"Paid Social": {"Social feed ad", "SNSフィード広告", "SNS広告", touchpoint.Campaign{Source: "social", Medium: "paid_social", Name: "lookalike"}},
	"Email":       {"Newsletter", "メールマガジン", "メルマガ", touchpoint.Campaign{Source: "newsletter", Medium: "email", Name: "monthly"}},
	"Paid Search": {"Search ad", "検索結果の広告", "リスティング広告", touchpoint.Campaign{Source: "search", Medium: "cpc", Name: "category"}},
	"Paid Other":  {"Retargeting banner", "リターゲティングバナー", "Paid Other", touchpoint.Campaign{Source: "adnet", Medium: "retargeting", Name: "visitors"}},
}

// Where people meet us without a channel.
var (
	signIn   = place{name: "Sign-in page", japanese: "ログインページ"}
	form     = place{name: "Contact form", japanese: "問い合わせフォーム"}
	shop     = place{name: "Online shop", japanese: "オンラインストア"}
	contract = place{name: "Contract", japanese: "契約"}
)

// in is the name of a place in a language.
func (p place) in(japanese bool) string {
	if japanese {
		return p.japanese
	}
	return p.name
}

// placeOf is the one place of a channel; that of a channel of the user's own bears its name.
func placeOf(channel string) place {
	p, ok := places[channel]
	if !ok {
		p = place{name: channel, japanese: channel, word: channel, campaign: touchpoint.Campaign{Name: channel}}
	}
	return p
}

// The roles of an account's members, by turns, and what a CRM calls them.
var (
	roles       = [...]string{"champion", "user", "buyer", "finance"}
	buyingRoles = [...]string{"champion", "user", "procurement", "economic_buyer"}
)

const spellings = 4

// respell writes a label as another tool would.
func respell(label string, how uint8) string {
	switch how {
	case 0:
		return strings.ToLower(label)
	case 1:
		return strings.ToUpper(label)
	case 2:
		return strings.ReplaceAll(label, " ", "-")
	}
	return " " + strings.ReplaceAll(label, " ", "  ") + " "
}

// widen writes the letters, digits and signs of a label in their full-width forms.
func widen(label string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r + 0xFEE0
		}
		return r
	}, label)
}
