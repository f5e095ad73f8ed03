package channel

import (
	"strings"

	"github.com/tabi-go/tabi/touchpoint/internal/query"
)

// reasons collects the tests that held; on a nil one nothing is done, so that a rule can
// state its reasons where it tests.
type reasons struct{ texts []string }

func (w *reasons) add(parts ...string) {
	if w != nil {
		w.texts = append(w.texts, strings.Join(parts, ""))
	}
}

// Why says where source and medium came from, which inputs counted, and the rule with
// the tests that held:
//
//	tags: source=google medium=cpc; ga4/paid-search: source is search (google), medium is paid (contains "cp")
//
// It is made when asked for, from the facts of the visit alone, and holds neither the
// value of a click id nor a query. Programs should not parse it.
func (r Result) Why() string {
	if r.c == nil {
		return ""
	}
	var w reasons
	_, rule := r.c.decide(&r.f, &w)
	return r.f.inputs() + "; " + rule + ": " + strings.Join(w.texts, ", ")
}

// inputs says where source and medium came from.
func (f *facts) inputs() string {
	switch f.step {
	case byTags:
		s := "tags:"
		for _, t := range [...][2]string{{"source", f.tagSource}, {"medium", f.tagMedium}, {"campaign", f.tagCampaign}} {
			if t[1] != "" {
				s += " " + t[0] + "=" + t[1]
			}
		}
		if f.click >= 0 {
			s += ", from " + query.ClickIDs[f.click].Name + ": source=" + f.source + " medium=" + f.medium
		}
		return s
	case byClickID:
		return "click id " + query.ClickIDs[f.click].Name + ": source=" + f.source + " medium=" + f.medium
	case byNothing:
		return "no tags, no referrer"
	case byOwnHost:
		return "referrer " + f.referrer + ": own host"
	case byExcluded:
		return "referrer " + f.referrer + ": excluded (" + f.exclusion + ")"
	case byTable:
		return "referrer " + f.referrer + ": " + f.entry.kind.String() + " (" + f.entry.name + ")"
	}
	return "referrer " + f.referrer + ": not in the table"
}

// is tells that the source is of a kind.
func (w *reasons) is(f *facts, k kind) { w.add("source is ", k.String(), " (", f.source, ")") }

// count and cut take back what a rule said that did not match in the end.
func (w *reasons) count() int {
	if w == nil {
		return 0
	}
	return len(w.texts)
}

func (w *reasons) cut(n int) {
	if w != nil {
		w.texts = w.texts[:n]
	}
}
