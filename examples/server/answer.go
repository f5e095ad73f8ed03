package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/touchpoint"
)

// routes are all paths of the server; what is no answer of ours goes to events.
func (a *app) routes(events http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /stats", a.reading(a.getStats))
	mux.HandleFunc("GET /journey", a.reading(a.getJourney))
	mux.HandleFunc("GET /report", a.reading(a.getReport))
	mux.Handle("/", events)
	return mux
}

// reading lets only those read who have the key, where one is set.
func (a *app) reading(h http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(a.readKey))
	return func(w http.ResponseWriter, req *http.Request) {
		scheme, key, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(key))
		if a.readKey != "" && (!strings.EqualFold(scheme, "bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the read key is needed", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h(w, req)
	}
}

func (a *app) getStats(w http.ResponseWriter, _ *http.Request) {
	t := a.stats()
	writeJSON(w, struct {
		Offered    int `json:"offered"`
		Accepted   int `json:"accepted"`
		Duplicate  int `json:"duplicate"`
		Conflict   int `json:"conflict"`
		Rejected   int `json:"rejected"`
		Suppressed int `json:"suppressed"`
		Retry      int `json:"retry"`
	}{
		t.Offered(), t[touchpoint.Accepted], t[touchpoint.Duplicate], t[touchpoint.Conflict],
		t[touchpoint.Rejected], t[touchpoint.Suppressed], t[touchpoint.Retry],
	})
}

// A step is one contact in the answer.
type step struct {
	At         time.Time          `json:"at"`
	Source     string             `json:"source"`
	ID         string             `json:"id"`
	Kind       touchpoint.Kind    `json:"kind"`
	Channel    touchpoint.Channel `json:"channel"`
	Touchpoint string             `json:"touchpoint"`
	Journey    int                `json:"journey"` // which of the person's, from 1
}

type stay struct {
	Stage string     `json:"stage"`
	Enter time.Time  `json:"enter"`
	Leave *time.Time `json:"leave"` // null: still there
}

// getJourney answers all steps of the person that an identifier names, and the stages
// they passed.
func (a *app) getJourney(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	rules := identity.DefaultRules()
	id, err := rules.ID(identity.Type(q.Get("type")), q.Get("value"))
	if err != nil {
		http.Error(w, "type and value name no identifier", http.StatusNotFound)
		return
	}
	v, err := a.tracker.View(req.Context(), clock.System{}.Now(), id)
	if err != nil {
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	who := v.Person(id)
	if who.IsZero() {
		http.Error(w, "nobody is known by that", http.StatusNotFound)
		return
	}
	folded, err := v.Fold(who)
	if err != nil {
		http.Error(w, "the journey cannot be told", http.StatusInternalServerError)
		return
	}
	writeJSON(w, answerOf(folded))
}

func answerOf(f journey.Folded) any {
	steps, stays := []step{}, []stay{}
	for _, j := range f.Journeys {
		for _, st := range j.Steps {
			steps = append(steps, step{st.At, st.Touch.Source, st.Touch.ID, st.Kind, st.Channel, st.Touchpoint, j.Seq})
		}
	}
	for _, visit := range f.History.Visits {
		s := stay{Stage: string(visit.Stage), Enter: visit.Enter}
		if !visit.Leave.IsZero() {
			s.Leave = &visit.Leave
		}
		stays = append(stays, s)
	}
	return struct {
		Subject string `json:"subject"`
		Steps   []step `json:"steps"`
		Stages  []stay `json:"stages"`
	}{f.Subject.ID, steps, stays}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // who is gone does not read it
}
