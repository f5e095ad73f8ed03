package touchpoint

import (
	"slices"
	"time"

	"github.com/tabi-go/tabi/identity"
)

// Normalize brings t into the one form in which equal touches are equal bytes, then
// validates it, in this order:
//
//   - an empty Source is that of the options; times become UTC, cut to the microsecond;
//   - names (channel, touchpoint, stage, campaign) are cleaned, and emptied if they say
//     nothing; props lose what says nothing;
//   - the vocabulary maps kind and names, built-in words map the channel, the catalogue
//     names the touchpoint;
//   - what the table of kinds fills is filled: direction and channel, where there is none.
//     Offline means what the field says; only readers fill it;
//   - identifiers are sorted, repeats and empty ones dropped; currency codes are raised;
//   - a score of a survey answer becomes its sentiment, unless one was given;
//   - a missing ID is derived, see [DeriveID].
//
// Normalising twice changes nothing, unless a vocabulary maps to words that it maps from.
// The error is that of [Touch.Validate] or a [*CallbackError]; t is then half done. A clean
// touch costs about a microsecond and no allocation. Values of identifiers are taken as
// they are: raw text becomes an identifier by [identity.Rules.ID].
func (t *Touch) Normalize(o *Options) error { return t.normalize(o.orDefault(), false) }

// normalize is Normalize; fillOffline says that nobody stated Offline.
func (t *Touch) normalize(o *Options, fillOffline bool) error {
	if t.Source == "" {
		t.Source = o.Source
	}
	t.At, t.ReceivedAt = micro(t.At), micro(t.ReceivedAt)
	if err := t.cleanNames(o); err != nil {
		return err
	}
	if p, n := t.Props.withoutNulls(); n > 0 {
		t.Props = p
		o.Report.count(t.Source, "props", nulled, n)
	}
	o.Catalogue.apply(t, o)
	t.fill(o)
	if fillOffline {
		t.Offline = t.Kind.Info().Offline
	}
	t.IDs = sortIDs(t.IDs)
	t.Cost.Currency, t.Value.Currency = t.Cost.Currency.upper(), t.Value.Currency.upper()
	if err := t.feedback(o); err != nil {
		return err
	}
	if t.ID != "" {
		return t.Validate(o)
	}
	if err := t.validateContent(o); err != nil {
		return err
	}
	t.ID = DeriveID(*t)
	return nil
}

// micro returns t in UTC, cut to the microsecond and without a monotonic reading. What
// cannot be written in four digits of a year stays as it is, for Validate to refuse.
func micro(t time.Time) time.Time {
	if t.IsZero() || t.Before(minTime) || !t.Before(endTime) {
		return t
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

func (t *Touch) cleanNames(o *Options) error {
	if o.Vocabulary != nil {
		t.Kind = Kind(o.Vocabulary.apply(o, t.Source, "kind", string(t.Kind)))
	}
	for _, f := range [...]struct {
		name string
		text *string
	}{
		{"channel", (*string)(&t.Channel)}, {"touchpoint", &t.Touchpoint}, {"stage", &t.Stage},
		{"campaign.source", &t.Campaign.Source}, {"campaign.medium", &t.Campaign.Medium},
		{"campaign.name", &t.Campaign.Name}, {"campaign.term", &t.Campaign.Term},
		{"campaign.content", &t.Campaign.Content}, {"campaign.id", &t.Campaign.ID},
	} {
		if *f.text == "" {
			continue
		}
		s, err := o.cleanName(t.Source, f.name, *f.text)
		if err != nil {
			return err
		}
		*f.text = s
	}
	if t.Channel != "" {
		t.Channel = o.knownChannel(t.Source, t.Channel)
	}
	return nil
}

func (o *Options) cleanName(source, field, text string) (string, error) {
	s, err := text, error(nil)
	if o.Text != nil {
		if s, err = o.hookText(s); err != nil {
			return "", err
		}
	}
	if s, err = Clean(s); err != nil {
		return "", at(field, err)
	}
	if o.nullName(s) {
		o.Report.count(source, field, nulled, 1)
		return "", nil
	}
	if s != text {
		o.Report.count(source, field, cleaned, 1)
	}
	if o.Vocabulary != nil {
		s = o.Vocabulary.apply(o, source, field, s)
	}
	return s, nil
}

func (o *Options) hookText(s string) (_ string, err error) {
	defer guard("Options.Text", &err)
	return o.Text(s), nil
}

// at names the field of an InvalidError.
func at(field string, err error) error {
	if e, ok := err.(*InvalidError); ok {
		return &InvalidError{field, e.Reason}
	}
	return err
}

func (t *Touch) fill(o *Options) {
	in := t.Kind.Info()
	if t.Direction == DirectionUnset && in.Direction != DirectionUnset {
		t.Direction = in.Direction
		o.Report.count(t.Source, "direction", filled, 1)
	}
	if t.Channel == "" && in.Channel != "" {
		t.Channel = in.Channel
		o.Report.count(t.Source, "channel", filled, 1)
	}
}

// sortIDs returns ids sorted, without repeats and empty ones. A slice that is not so is
// copied, since it may be the caller's.
func sortIDs(ids []identity.ID) []identity.ID {
	ok := true
	for i, id := range ids {
		if id.Value() == "" || i > 0 && identity.CompareIDs(ids[i-1], id) >= 0 {
			ok = false
			break
		}
	}
	if ok {
		return ids
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id identity.ID) bool { return id.Value() == "" })
	slices.SortFunc(ids, identity.CompareIDs)
	return slices.Compact(ids)
}
