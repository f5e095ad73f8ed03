package stage

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint"
)

// families groups kinds for the rules of models. The known kinds of touchpoint stand
// before the bar, names that sources commonly keep as they are after it.
var families = []struct{ name, kinds string }{
	{"exposure", "impression email_sent email_delivered email_open push_sent message_sent letter broadcast" +
		" | ad_impression direct_mail"},
	{"visit", "click visit pageview screen install | page_view screen_view session_start ad_click"},
	{"reply", "email_click email_reply push_open message_received chat mention | message_reply social_comment"},
	{"content", "download video_play video_complete podcast" +
		" | content_view content_download docs_page case_study"},
	{"live", "webinar_registered webinar_attended event_registered event_attended | event_visit"},
	{"optin", "subscribe | newsletter_signup"},
	{"lead", "form lead signup | contact_form form_submit lead_created"},
	{"product", "product_view search | price_page compare wishlist_add"},
	{"cart", "cart checkout | add_to_cart cart_add begin_checkout checkout_start"},
	{"hand_raise", "trial_start | demo_request quote_request contact_sales"},
	{"call", "call | call_connected"},
	{"sales", "meeting demo store_visit | site_visit"},
	{"mql", "| lead_qualified mql"},
	{"sal", "| lead_accepted sal"},
	{"sql", "| sales_qualified sql"},
	{"deal", "opportunity | deal_created opportunity_created"},
	{"proposal", "proposal quote | contract_sent"},
	{"purchase", "order contract | purchase order_completed order_placed subscription_start deal_won"},
	{"onboarding", "| onboarding_start onboarding_step kickoff"},
	{"activation", "| onboarding_complete activated"},
	{"use", "login app_open | product_use feature_use"},
	{"support", "ticket_opened ticket_replied complaint | support_ticket support_call"},
	{"renewal", "renewal upgrade | subscription_renewal subscription_upgrade"},
	{"advocacy", "review share referral_made | referral testimonial invite"},
	{"lost", "| deal_lost lead_disqualified"},
	{"recycle", "| lead_recycled"},
	{"pause", "| deal_paused lead_dormant"},
	{"reopen", "| deal_reopened"},
	{"reversal", "refund return order_cancelled"},
	{"downgrade", "downgrade | subscription_downgrade"},
	{"cancel", "churn | subscription_cancel"},
}

// A kindRow is what rules ask of a kind.
type kindRow struct {
	family int // index into families, from 1; 0 for none
	info   touchpoint.Info
}

// kindRows holds the kinds that are in a family, familyIndex the families by name.
var kindRows, familyIndex = func() (map[string]kindRow, map[string]int) {
	rows, index := map[string]kindRow{}, map[string]int{}
	for i, f := range families {
		index[f.name] = i + 1
		for _, k := range strings.FieldsFunc(f.kinds, func(r rune) bool { return r == ' ' || r == '|' }) {
			rows[k] = kindRow{i + 1, touchpoint.Kind(k).Info()}
		}
	}
	return rows, index
}()

// rowOf returns the row of a kind. Its family is found under the folded name, its class
// under the exact one.
func rowOf(k touchpoint.Kind) kindRow {
	if row, ok := kindRows[string(k)]; ok {
		return row
	}
	return kindRow{kindRows[foldKind(string(k))].family, k.Info()}
}

// Family returns the family of a kind, "" for none. A kind is in at most one; kinds are
// compared after lower-casing and turning blanks, "-" and "." into "_".
func Family(k touchpoint.Kind) string {
	if i := rowOf(k).family; i > 0 {
		return families[i-1].name
	}
	return ""
}

var kindSeparators = strings.NewReplacer(" ", "_", "-", "_", ".", "_")

// foldKind is the form in which kinds are compared.
func foldKind(k string) string {
	for i := range len(k) {
		if c := k[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return kindSeparators.Replace(strings.ToLower(k))
		}
	}
	return k
}
