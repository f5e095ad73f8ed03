package journey_test

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

type badPolicy struct{ *badCallback }

func (p badPolicy) Stage(members []stage.Standing, at time.Time) (stage.ID, bool) {
	p.call()
	return stage.Max{}.Stage(members, at)
}

type badDomains struct{ *badCallback }

func (d badDomains) Registrable(host string) (string, bool) {
	d.call()
	return new(identity.Table).Registrable(host)
}

func (d badDomains) Class(domain string) identity.DomainClass {
	d.call()
	return new(identity.Table).Class(domain)
}

// Table 4, panic in a callback: what derives people, accounts and stages asks the host as
// well. Each of them × Nth call × {runtime error, panic(nil), Goexit}: the same tracker,
// asked again, gives the state of one that nothing disturbed, and no lock stays held.
func TestPanicOrGoexitWhileDerivingLeavesNothingStuck(t *testing.T) {
	touches := world(3, 20)
	for i := range touches {
		touches[i].Props = touches[i].Props.SetText("text", "fine").SetText("lang", "en")
	}
	hooks := map[string]func(*badCallback, *journey.Options){
		"clock":  func(b *badCallback, o *journey.Options) { o.Clock = badClock{b} },
		"policy": func(b *badCallback, o *journey.Options) { o.Policy = badPolicy{b} },
		"blocked": func(b *badCallback, o *journey.Options) {
			rules := identity.DefaultRules()
			rule := rules.Types[identity.UserID]
			rule.Blocked = func(string) bool { b.call(); return false }
			rules.Types[identity.UserID] = rule
			o.Rules = &rules
		},
		"restart": func(b *badCallback, o *journey.Options) {
			rules := identity.DefaultRules()
			rules.Restart = func(identity.ID) (int, [16]byte, bool) { b.call(); return 0, [16]byte{}, false }
			o.Rules = &rules
		},
		"domains": func(b *badCallback, o *journey.Options) {
			rules := identity.DefaultRules()
			rules.Accounts.Domains = badDomains{b}
			o.Rules = &rules
		},
	}
	ways := map[string]func(){
		"runtime error": func() { _ = touches[len(touches)] },
		"panic(nil)":    func() { panic(nil) },
		"Goexit":        runtime.Goexit,
	}
	at := on("12-01")
	derive := func(tr *journey.Tracker) error {
		if _, err := tr.CountStages(ctx, journey.SummaryQuery{}); err != nil {
			return err
		}
		for _, err := range tr.Changes(ctx, storage.Cursor{}) {
			if err != nil {
				return err
			}
		}
		v, err := tr.View(ctx, at)
		if err != nil {
			return err
		}
		if _, err := tr.Journey(ctx, v.Subjects(identity.AccountEntity)[0]); err != nil {
			return err
		}
		for _, e := range []identity.Entity{identity.PersonEntity, identity.AccountEntity} {
			for _, s := range v.Subjects(e) {
				if _, err := v.Fold(s); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for where, hook := range hooks {
		var o journey.Options
		hook(new(badCallback), &o)
		clean := trackerOn(t, new(memstore.Store), &o)
		record(t, clean, touches...)
		want := digestOf(t, clean)
		for how, misbehave := range ways {
			fired := 0
			for n := 1; n <= many(8, 60); n++ {
				b := &badCallback{nth: -1, how: misbehave}
				var o journey.Options
				hook(b, &o)
				tr := trackerOn(t, new(memstore.Store), &o)
				record(t, tr, touches...)
				b.nth, b.calls = n, 0
				var err error
				var ended, escaped atomic.Bool
				finished := make(chan struct{})
				go func() {
					defer close(finished)
					defer func() {
						if !ended.Load() {
							escaped.Store(recover() != nil)
						}
					}()
					err = derive(tr)
					ended.Store(true)
				}()
				<-finished
				if b.calls < n {
					break
				}
				fired++
				if escaped.Load() {
					t.Fatalf("%s, %s at call %d: the panic goes on to the caller", where, how, n)
				}
				var ce *touchpoint.CallbackError
				var se *stage.CallbackError
				if how != "Goexit" && where != "blocked" && !errors.As(err, &ce) && !errors.As(err, &se) {
					t.Errorf("%s, %s at call %d: %v", where, how, n, err)
				}
				// A value of which nobody knows whether it is blocked joins nobody: no error.
				if got := digestOf(t, tr); got != want {
					t.Fatalf("%s, %s at call %d: another state", where, how, n)
				}
			}
			if fired == 0 {
				t.Errorf("%s was never called", where)
			}
		}
	}
}

func TestAPolicyThatPanicsIsAnErrorOfEveryAnswer(t *testing.T) {
	b := &badCallback{how: func() { panic("policy") }}
	tr := tracker(t, &journey.Options{Policy: badPolicy{b}})
	record(t, tr, touch("meeting", "01-02", by("crm_account_id:a1", "email:ann@firm.example")))
	_, since := told(t, tr, storage.Cursor{})
	record(t, tr, touch("meeting", "01-03", by("crm_account_id:a1", "email:ann@firm.example")))
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Journey": func() error { _, err := tr.Journey(ctx, v.Subjects(identity.AccountEntity)[0]); return err },
		"Journeys": func() error {
			for _, err := range tr.Journeys(ctx, journey.Query{Entity: identity.AccountEntity}) {
				return err
			}
			return nil
		},
		"Changes": func() error {
			for _, err := range tr.Changes(ctx, since) { // what was there before is folded first
				return err
			}
			return nil
		},
		"Digest": func() error { _, err := tr.Digest(ctx, time.Time{}); return err },
	} {
		b.nth, b.calls = 1, 0
		if err := call(); !errors.As(err, new(*stage.CallbackError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
