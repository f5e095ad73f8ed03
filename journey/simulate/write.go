package simulate

import (
	"strconv"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// A writer makes touches of numbered records. What many touches share it makes once.
type writer struct {
	m        *model
	places   []place
	japanese touchpoint.Props   // of any record of a Japanese account
	profiles []touchpoint.Props // of identify records, by segment, persona, role, language
	arena    []identity.ID
}

func (m *model) newWriter() *writer {
	w := &writer{m: m, japanese: touchpoint.Props{}.SetText("lang", "ja")}
	for _, c := range m.world.Channels {
		w.places = append(w.places, placeOf(c.Name))
	}
	w.profiles = make([]touchpoint.Props, 10*max(1, len(m.world.Personas))*len(roles)*2)
	return w
}

// touch is the record as a tracker has it.
func (w *writer) touch(r *record) touchpoint.Touch {
	m := w.m
	t := touchpoint.Touch{
		Source:     sourceNames[m.sourceOf(r)],
		ID:         recordID(r.number),
		At:         m.instant(max(0, r.second+r.shift)),
		ReceivedAt: m.instant(r.second + r.delay),
	}
	person := int(r.person)
	account, role, japanese := -1, 0, false
	if m.world.Accounts != nil {
		account, role = m.accountOf(person)
		role %= len(roles)
		japanese = m.world.Accounts.Japanese && account%2 == 1
	}
	if japanese {
		t.Props = w.japanese
	}
	t.IDs = w.ids(r, account)
	switch r.what {
	case isTouch, isTwin:
		w.contact(&t, r, japanese)
	case isIdentify:
		t.Kind = touchpoint.KindIdentify
		t.Props = w.profile(int(r.detail), int(r.channel), role, japanese)
	case isLogin:
		t.Kind, t.Touchpoint = touchpoint.KindLogin, signIn.in(japanese)
	case isOrder:
		t.Kind, t.Touchpoint = touchpoint.KindOrder, shop.in(japanese)
		t.Value = touchpoint.Money{Minor: r.value, Currency: usd}
		t.Props = t.Props.SetText("order_id", "o"+t.ID)
	case isStage:
		t.Kind, t.Stage = touchpoint.KindStageChange, stageNames[r.detail]
	case isForm:
		t.Kind, t.Touchpoint, t.Stage = touchpoint.KindForm, form.in(japanese), "known"
	case isOpportunity:
		t.Kind, t.Stage = touchpoint.KindStageChange, "opportunity"
	case isLost:
		t.Kind, t.Stage = touchpoint.KindStageChange, "lost"
	case isContract:
		t.Kind, t.Touchpoint = touchpoint.KindContract, contract.in(japanese)
		t.Value = touchpoint.Money{Minor: r.value, Currency: usd}
		t.Props = t.Props.SetText("order_id", "c"+t.ID)
	}
	return t
}

// contact fills in a touch of a channel.
func (w *writer) contact(t *touchpoint.Touch, r *record, japanese bool) {
	c := w.m.world.Channels[r.truth]
	t.Kind = c.Kind
	p := w.places[r.truth]
	t.Touchpoint, t.Campaign = p.in(japanese), p.campaign
	t.Channel = touchpoint.Channel(w.m.world.Channels[r.channel].Name)
	if japanese {
		t.Channel = touchpoint.Channel(w.places[r.channel].word)
	}
	t.Cost = w.m.costs[r.truth]
	if r.what == isTwin {
		t.Channel = touchpoint.Channel(respell(string(t.Channel), r.detail))
		return
	}
	switch defect(r.detail) {
	case misspelt:
		t.Channel = touchpoint.Channel(respell(string(t.Channel), uint8(r.number%spellings)))
	case fullWidth:
		t.Channel = touchpoint.Channel(widen(string(t.Channel)))
	case nullText:
		t.Campaign.Name = "(not set)"
	case unknownColumn:
		t.Props = t.Props.SetText("legacy_code", "X"+t.ID)
	case noChannel:
		t.Channel = ""
	case badTime:
		t.At = t.At.AddDate(-1000, 0, 0)
	case badValue:
		t.Value = touchpoint.Money{Minor: 100}
	}
}

// ids are the identifiers on a record, in their order: device, account, deal,
// domain, e-mail, user. The domain stands where an account and a work address do, as a CRM
// has it: without it the account and its domain would be two.
func (w *writer) ids(r *record, account int) []identity.ID {
	const most = 6
	if len(w.arena) < most {
		w.arena = make([]identity.ID, 1024)
	}
	ids := w.arena[:0:most]
	person := int(r.person)
	if r.flags&withDevice != 0 {
		ids = append(ids, identity.MakeID(identity.AnonymousID, w.m.deviceID(person, r.device)))
	}
	if account >= 0 && r.flags&withUser != 0 {
		ids = append(ids, identity.MakeID(identity.CRMAccountID, accountID(account)))
	}
	if r.what >= isOpportunity {
		ids = append(ids, identity.MakeID(identity.CRMDealID, "deal-"+strconv.Itoa(account)))
	}
	if account >= 0 && r.flags&withUser != 0 && r.flags&withMail != 0 {
		ids = append(ids, identity.MakeID(identity.Domain, domainOf(account)))
	}
	if r.flags&withMail != 0 {
		ids = append(ids, identity.MakeID(identity.Email, mailOf(person, account)))
	}
	if r.flags&withUser != 0 {
		ids = append(ids, identity.MakeID(identity.UserID, userID(person)))
	}
	w.arena = w.arena[len(ids):]
	return ids[:len(ids):len(ids)]
}

func (m *model) key(r *record) touchpoint.Key {
	return touchpoint.Key{Source: sourceNames[m.sourceOf(r)], ID: recordID(r.number)}
}

func recordID(number uint32) string { return strconv.FormatUint(uint64(number), 10) }

func userID(person int) string     { return "u" + strconv.Itoa(person) }
func accountID(account int) string { return "acc-" + strconv.Itoa(account) }

// mailOf is the address of a person: at the domain of the account, if there is one.
func mailOf(person, account int) string {
	if account < 0 {
		return "p" + strconv.Itoa(person) + "@example.com"
	}
	return "p" + strconv.Itoa(person) + "@" + domainOf(account)
}

func domainOf(account int) string { return "company" + strconv.Itoa(account) + ".example" }

// deviceID names a device without telling whose it is.
func (m *model) deviceID(person int, device int8) string {
	if device == borrowed {
		person, device = person+1, 0
	}
	h := mix(m.seed ^ mix(uint64(m.part.device)+uint64(person)*maxDevices+uint64(device)))
	b := make([]byte, 1, 17)
	b[0] = 'd'
	return string(strconv.AppendUint(b, h|1<<63, 16)) // always 16 digits
}

// profile is what an identify record tells: the segment and persona, and in an account the
// role.
func (w *writer) profile(segment, persona, role int, japanese bool) touchpoint.Props {
	at := ((persona*10+segment)*len(roles) + role) * 2
	if japanese {
		at++
	}
	p := &w.profiles[at]
	if !p.IsZero() {
		return *p
	}
	if japanese {
		*p = w.japanese
	}
	*p, _ = p.SetNumber("segment", strconv.Itoa(segment)) // a digit: no error
	if len(w.m.world.Personas) > 0 {
		*p = p.SetText("persona", w.m.world.Personas[persona].Name)
	}
	if w.m.world.Accounts != nil {
		*p, _ = p.SetRaw("person", `{"buying_role":"`+buyingRoles[role]+`"}`)
	}
	return *p
}
