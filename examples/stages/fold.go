package main

import (
	"iter"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/touchpoint"
)

// A folded is one subject's history, and its journeys where they are asked for.
type folded struct {
	name     string
	history  stage.History
	last     time.Time // of its touches
	journeys []journey.Journey
}

// folds folds the subjects in order of their names. The error comes last.
func (c *config) folds(fs *facts) iter.Seq2[folded, error] {
	return func(yield func(folded, error) bool) {
		each := func(x folded, err error) bool {
			if err == nil && c.subject != "" && x.name != c.subject {
				return true
			}
			return yield(x, err) && err == nil
		}
		switch c.accountBy {
		case "":
			for i := range fs.subjects {
				if !each(c.person(fs, &fs.subjects[i])) {
					return
				}
			}
		case stitched:
			for _, a := range fs.view.Subjects(identity.AccountEntity) {
				if !each(c.stitched(fs, a)) {
					return
				}
			}
		default:
			for a := range fs.accounts(c.accountBy) {
				if !each(c.account(&a)) {
					return
				}
			}
		}
	}
}

func (c *config) foldOptions(name string) *stage.FoldOptions {
	return &stage.FoldOptions{Subject: name, At: c.at, StallAfter: c.stall}
}

func (c *config) person(fs *facts, p *subject) (folded, error) {
	h, err := c.plan.Fold(p.touches, c.foldOptions(p.name))
	x := folded{name: p.name, history: h, last: last(p.touches)}
	if err != nil || c.do != "journeys" {
		return x, err
	}
	who := journey.Subject{Entity: identity.PersonEntity, ID: p.name}
	var f journey.Folded
	if fs.view != nil {
		f, err = fs.view.Fold(who)
	} else {
		f, err = c.cut(who, p.touches)
	}
	x.journeys = f.Journeys
	return x, err
}

// cut cuts journeys of touches that are merged already.
func (c *config) cut(s journey.Subject, touches []touchpoint.Touch) (journey.Folded, error) {
	opts := c.options()
	opts.Twins = &touchpoint.TwinRules{Off: true}
	return journey.Fold(s, touches, c.at, opts)
}

func last(touches []touchpoint.Touch) time.Time {
	if len(touches) == 0 {
		return time.Time{}
	}
	return touches[len(touches)-1].At
}

func (c *config) stitched(fs *facts, a journey.Subject) (folded, error) {
	f, err := fs.view.Fold(a)
	return folded{a.ID, f.History, last(fs.view.Touches(a)), f.Journeys}, err
}

// account folds the members' whole histories. Its journeys are cut from the union of what
// they did since each of them was first seen with the account.
func (c *config) account(a *account) (folded, error) {
	var members []stage.Member
	var union []touchpoint.Touch
	x := folded{name: a.name}
	for _, m := range a.members {
		h, err := c.plan.Fold(m.subject.touches, c.foldOptions(m.subject.name))
		if err != nil {
			return x, err
		}
		members = append(members, stage.Member{Subject: m.subject.name, Role: m.role, From: m.from, History: h})
		for _, t := range m.subject.touches {
			if !t.At.Before(m.from) {
				union = append(union, t)
				x.last = later(x.last, t.At)
			}
		}
	}
	var err error
	if x.history, err = c.plan.FoldAccount(members, c.policy, c.foldOptions(a.name)); err != nil || c.do != "journeys" {
		return x, err
	}
	f, err := journey.Cut(journey.Subject{Entity: identity.AccountEntity, ID: a.name}, union, x.history, c.options())
	x.journeys = f.Journeys
	return x, err
}
