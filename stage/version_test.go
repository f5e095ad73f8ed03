package stage_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

func foldVersions(t *testing.T, v stage.Versions, touches []touchpoint.Touch, o stage.FoldOptions) stage.History {
	t.Helper()
	p, err := v.Plan()
	if err != nil {
		t.Fatal(err)
	}
	h, err := p.Fold(touches, &o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// H10: a later version changes no as-was visit before its From.
func TestH10LaterVersionsDoNotChangeEarlierVisits(t *testing.T) {
	t.Parallel()
	forWorlds(t, 600, func(r *rand.Rand, w world) string {
		from := date(3, 1).Add(time.Duration(r.IntN(120)) * 12 * time.Hour)
		next := randomModel(r)
		at := map[touchpoint.Key]time.Time{}
		for _, tp := range w.touches {
			at[tp.Key()] = tp.At
		}
		until := func(h stage.History) string {
			var visits []stage.Visit
			for _, v := range h.Visits {
				if !v.Enter.Before(from) {
					break
				}
				if !v.Leave.Before(from) {
					v.Leave = time.Time{}
				}
				v.Support = slices.DeleteFunc(slices.Clone(v.Support), func(k touchpoint.Key) bool { return !at[k].Before(from) })
				visits = append(visits, v)
			}
			return text(visits, slices.DeleteFunc(h.Refused, func(r stage.Refused) bool { return !r.At.Before(from) }), nil)
		}
		both := foldVersions(t, stage.Versions{{Model: w.m}, {From: from, Model: next}}, w.touches, w.o)
		alone := foldVersions(t, stage.Versions{{Model: w.m}}, w.touches, w.o)
		restated := w.fold(t)
		if d := differ(text(alone.Visits, alone.Refused, alone.Stalls), text(restated.Visits, restated.Refused, restated.Stalls)); d != "" {
			return "one version is not its model: " + d
		}
		return differ(until(both), until(alone))
	})
}

func TestAsWasAndRestatedDifferAfterADefinitionChanged(t *testing.T) {
	old := stage.LeadToRevenue()
	strict := stage.LeadToRevenue()
	strict.Version = "2"
	for i := range strict.Stages {
		if s := &strict.Stages[i]; s.ID == "mql" {
			s.Entry, s.Probability = []stage.Rule{{Families: []string{"mql"}}}, 0.25 // a hand raised is no longer enough
		}
	}
	touches := []touchpoint.Touch{touch("1", date(1, 1), "demo_request"), touch("2", date(3, 1), "demo_request"), touch("3", date(3, 2), "mql")}
	asWas := foldVersions(t, stage.Versions{{Model: old}, {From: date(2, 1), Model: strict}}, touches, stage.FoldOptions{})
	restated := fold(t, &strict, touches, stage.FoldOptions{})
	if asWas.Basis != stage.AsWas || restated.Basis != stage.Restated {
		t.Error("the basis is not named", asWas.Basis, restated.Basis)
	}
	if v := asWas.Visits[0]; v.Stage != "mql" || v.Snapshot.ModelVersion != "1" || v.Snapshot.Probability != 0 {
		t.Errorf("as was: %+v", v)
	}
	if v := restated.Visits[1]; restated.Visits[0].Stage != "known" || v.Stage != "mql" || !v.Enter.Equal(date(3, 2)) ||
		v.Snapshot.ModelVersion != "2" || v.Snapshot.Probability != 0.25 {
		t.Errorf("restated: %+v", restated.Visits)
	}
}

func TestSubjectLeavesAStageThatTheNewVersionLacks(t *testing.T) {
	old, slim := stage.LeadToRevenue(), stage.LeadToRevenue()
	slim.Aliases = nil
	slim.Stages = slices.DeleteFunc(slim.Stages, func(s stage.Stage) bool { return s.ID == "sal" })
	h := foldVersions(t, stage.Versions{{Model: old}, {From: date(2, 1), Model: slim}}, []touchpoint.Touch{
		touch("1", date(1, 1), "form"), touch("2", date(1, 2), "call"), touch("3", date(3, 1), "call"), touch("4", date(3, 2), "meeting")}, stage.FoldOptions{})
	v, _ := h.Current()
	if v.Stage != "sql" || v.From != "sal" || v.Via != stage.Advance || len(h.Visits) != 3 {
		t.Errorf("%+v", h.Visits)
	}
}

func TestVersionsMustAscend(t *testing.T) {
	m := stage.Digital()
	var fault *stage.ModelError
	if _, err := (stage.Versions{{Model: m}, {From: date(2, 1), Model: m}, {From: date(1, 1), Model: m}}).Plan(); !errors.As(err, &fault) {
		t.Error(err)
	}
	if _, err := (stage.Versions{}).Plan(); !errors.As(err, &fault) {
		t.Error(err)
	}
}

func TestVersionIsInForceFromItsInstantAndCountsTheWholeHistory(t *testing.T) {
	old, loyal := stage.Digital(), stage.Digital()
	loyal.Version = "2"
	loyal.Stages[3].Entry = []stage.Rule{{Families: []string{"visit"}, Count: 3}}
	touches := []touchpoint.Touch{touch("1", date(1, 1), "pageview"), touch("2", date(1, 10), "pageview"), touch("3", date(2, 1), "pageview")}
	h := foldVersions(t, stage.Versions{{Model: old}, {From: date(2, 1), Model: loyal}}, touches, stage.FoldOptions{})
	if got := way(h); got != "awareness start, retention skip" || h.Visits[1].Snapshot.ModelVersion != "2" {
		t.Error(got)
	}
}

func TestExitOfALaterVersionCountsTheWholeHistory(t *testing.T) {
	old, strict := stage.Digital(), stage.Digital()
	strict.Stages[0].Exit = []stage.Rule{{Families: []string{"visit"}, Count: 4}}
	for i := range strict.Stages {
		strict.Stages[i].Entry = nil // the exit is its only rule that counts
	}
	touches := []touchpoint.Touch{touch("1", date(1, 1), "pageview"), touch("2", date(1, 10), "pageview"), touch("3", date(2, 1), "pageview"), touch("4", date(2, 2), "pageview")}
	h := foldVersions(t, stage.Versions{{Model: old}, {From: date(2, 1), Model: strict}}, touches, stage.FoldOptions{})
	if got := way(h); got != "awareness start" || !h.Visits[0].Leave.Equal(date(2, 2)) {
		t.Errorf("%s: %+v", got, h.Visits)
	}
}

// A signal for a stage that only a later version has is refused, and can be told so.
func TestSignalForAStageOfALaterVersion(t *testing.T) {
	slim, full := stage.LeadToRevenue(), stage.LeadToRevenue()
	slim.Aliases = nil
	slim.Stages = slices.DeleteFunc(slim.Stages, func(s stage.Stage) bool { return s.ID == "sal" })
	h := foldVersions(t, stage.Versions{{Model: slim}, {From: date(2, 1), Model: full}}, []touchpoint.Touch{touch("1", date(1, 1), "form")},
		stage.FoldOptions{Signals: []stage.Signal{{At: date(1, 2), Stage: "sal", Source: "scores", ID: "1"}, {At: date(1, 3), Stage: "nowhere", Source: "scores", ID: "2"}}})
	x, ok := h.Explain(0)
	if !ok || len(h.Visits) != 1 || x.Refused == nil || x.Refused.Reason != stage.UnknownStage || x.Refused.To != "sal" {
		t.Errorf("%+v, refused %+v", h.Visits, x.Refused)
	}
}
