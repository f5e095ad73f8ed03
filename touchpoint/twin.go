package touchpoint

import (
	"log/slog"
	"slices"
	"strings"
	"time"
)

// TwinRules says when two touches of different sources are one contact. Nil and the zero
// TwinRules are the defaults of each field. Not changed by this package; safe for
// concurrent use.
type TwinRules struct {
	// Rank lists sources, the most trusted first; the others follow by name.
	Rank []string
	// Window says how far apart two touches of a kind may be, over the defaults: 10 s for
	// web, app and ad kinds; 2 min for mail and push; 5 min for form, lead, signup, login,
	// checkout, order and survey_answer; 15 min for call, meeting, demo, webinars and
	// events; 1 min for others. For two kinds the longer holds.
	Window map[Kind]time.Duration
	// Families lists kinds that may be the same contact. Nil: {click, visit, pageview},
	// {meeting, demo}, {form, lead}. A click and its landing are one contact only if they
	// share campaign.id, order_id or a click id.
	Families [][]Kind
	// Same joins pairs before anything is matched; Never keeps pairs apart.
	Same, Never [][2]Key
	// Off makes every touch a contact of its own.
	Off bool
}

// A Twin is one contact and the touches that recorded it. Reading one is safe for
// concurrent use.
type Twin struct {
	// Touch is the merged view: key, time, kind and every field of the highest-ranked
	// member; what it leaves empty comes from the next. Identifiers and props are united.
	// Money is taken from one member, never summed. A specific channel goes before Direct,
	// Unassigned and none. It is a view, to be read and not recorded.
	Touch   Touch
	Members []Key    // by rank; the first is Touch's key
	Why     []string // one for each member but the first, such as "form: same url, 1.2 s apart"
}

// LogValue returns the touch as it prints, and the number of members.
func (t Twin) LogValue() slog.Value {
	return slog.GroupValue(slog.String("touch", t.Touch.String()), slog.Int("members", len(t.Members)))
}

// Twins groups the touches of one subject into contacts, each of which may have been
// recorded by several sources, in (At, Source, ID) order. Every touch is in exactly one
// twin, and a twin has at most one touch of a source: a person who loads a page twice in
// five seconds, seen by two tools, made two contacts. Keys must be distinct, touches
// normalised; their order does not matter. Both facts stay what they are, and a wrong pair
// is undone by TwinRules.Never.
//
// Two touches can be twins if their sources differ, their kinds are equal or of one family
// (records: equal), they are within the window, and nothing contradicts. An activity dated to the day
// (props.at_precision) has that day as its window, two orders of one order_id have seven
// days. These contradict where both have them and they differ by [Fold]: order_id, url (host
// and path), value, survey.score, stage; an equal order_id silences the others. Kinds of
// which there are many a minute (pageview, screen, event, impression, video_play,
// video_complete) need an equal url, touchpoint or props.event as well.
//
// Sources are taken by rank. The first one's touches start a twin each; each next source is
// matched to the twins so far: first those with an equal anchor (order_id, else url, else
// touchpoint), then those of which one has none. Among touches at most a window apart from
// their neighbours, the order-preserving pairs are chosen that are the most, then the
// closest in time, then the earliest. A stretch of more than 512 touches is walked greedily
// instead, so that the cost stays n log n.
func Twins(touches []Touch, r *TwinRules) []Twin {
	if r == nil {
		r = &TwinRules{}
	}
	m := newTwinMatcher(touches, r)
	if len(m.sources) > 1 && !r.Off {
		m.join()
		for s := range m.sources[1:] { // the first one's touches start the twins
			m.match(int32(s + 1))
		}
	}
	return m.twins()
}

// A unit is a twin in the making: one touch, or several that were joined.
type unit struct {
	lead    int32   // the highest-ranked member, an index into the sorted touches
	more    []int32 // the other members, by rank
	why     []string
	source  int32 // rank of the lead's source
	gone    bool  // joined into another
	matched int32 // the last source that was matched to it
	at      int64 // of the lead, in microseconds since 1970
	facets
}

type twinMatcher struct {
	rules   *TwinRules
	touches []*Touch // sorted by (At, Source, ID)
	units   []unit   // as touches
	sources []string // by rank
	rank    map[string]int32
	never   map[Key][]Key

	table []cell // scratch of the dynamic programme
	steps int    // pairs looked at; tests bound it
}

func newTwinMatcher(touches []Touch, r *TwinRules) *twinMatcher {
	m := &twinMatcher{rules: r, touches: make([]*Touch, len(touches)), rank: make(map[string]int32, 2)}
	for i := range touches {
		m.touches[i] = &touches[i]
	}
	slices.SortFunc(m.touches, compare)
	for _, t := range m.touches {
		if _, ok := m.rank[t.Source]; !ok {
			m.rank[t.Source] = 0
			m.sources = append(m.sources, t.Source)
		}
	}
	slices.SortFunc(m.sources, func(a, b string) int {
		if c := rankOf(r.Rank, a) - rankOf(r.Rank, b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for i, s := range m.sources {
		m.rank[s] = int32(i)
	}
	return m
}

func rankOf(rank []string, source string) int {
	if i := slices.Index(rank, source); i >= 0 {
		return i
	}
	return len(rank)
}

// twins returns the units as twins, in the order of their leads.
func (m *twinMatcher) twins() []Twin {
	n := len(m.touches)
	out := make([]Twin, 0, n)
	keys := make([]Key, 0, n)
	for i, t := range m.touches {
		if m.units != nil && m.units[i].gone {
			continue
		}
		start := len(keys)
		keys = append(keys, t.Key())
		tw := Twin{Touch: *t}
		if m.units != nil && len(m.units[i].more) > 0 {
			u := &m.units[i]
			tw.Why = u.why
			for _, j := range u.more {
				keys = append(keys, m.touches[j].Key())
				tw.Touch.fillFrom(m.touches[j])
			}
		}
		tw.Members = keys[start:len(keys):len(keys)]
		out = append(out, tw)
	}
	return out
}
