package storetest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// append offers facts and checks what holds of every answer: one outcome a fact, with its
// key, and an error exactly if something is to be offered again.
func (r *run) append(s storage.Store, facts ...storage.Fact) []touchpoint.Outcome {
	outs, err := s.Append(r.ctx, facts)
	if len(outs) != len(facts) {
		r.failf("Append of %d facts: %d outcomes, error %v", len(facts), len(outs), err)
	}
	retry := false
	for i, o := range outs {
		retry = retry || o.Status == touchpoint.Retry
		if o.Status == 0 || o.Status > touchpoint.Retry {
			r.failf("outcome %d of %d is %v", i, len(outs), o.Status)
		}
		if k := facts[i].Key(); o.Status != touchpoint.Rejected && (o.Key != touchpoint.Key{Source: k.Source, ID: k.ID}) {
			r.failf("outcome %d (%v) has another fact's key", i, o.Status)
		}
		if (o.Status == touchpoint.Rejected) != (o.Reason != "" && o.Reason != touchpoint.SuppressedReason) {
			r.failf("outcome %d is %v with reason %q", i, o.Status, o.Reason)
		}
	}
	if retry != (err != nil) {
		r.failf("Append: error %v, but some outcome to retry: %t", err, retry)
	}
	return outs
}

// add appends facts that are new and must be accepted.
func (r *run) add(s storage.Store, facts ...storage.Fact) {
	for i, o := range r.append(s, facts...) {
		if o.Status != touchpoint.Accepted {
			r.failf("fact %d of %d (%v) is %v %s %v, want accepted", i, len(facts), facts[i].Class(), o.Status, o.Reason, o.Err)
		}
	}
}

// statuses fails unless the outcomes are these.
func (r *run) statuses(outs []touchpoint.Outcome, want ...touchpoint.Status) {
	got := make([]touchpoint.Status, len(outs))
	for i, o := range outs {
		got[i] = o.Status
	}
	if !slices.Equal(got, want) {
		r.failf("outcomes %v, want %v", got, want)
	}
}

// scan returns what a query selects.
func (r *run) scan(s storage.Store, q storage.Query) []storage.Fact {
	var facts []storage.Fact
	for f, err := range s.Scan(r.ctx, q) {
		r.ok(err, "Scan")
		facts = append(facts, f)
	}
	return facts
}

// holds fails unless the store holds exactly these facts, read in every way there is.
func (r *run) holds(s storage.Store, want ...storage.Fact) {
	r.same(r.scan(s, storage.Query{}), inOrder(want), "Scan of everything")
	keys := make([]storage.Key, len(want))
	for i, f := range want {
		keys[i] = f.Key()
	}
	r.same(r.scan(s, storage.Query{Keys: keys}), inOrder(want), "Scan of all keys")
	var named []storage.Fact
	var ids = idsOf(want)
	for _, f := range want {
		if len(f.IDs()) > 0 {
			named = append(named, f)
		}
	}
	r.same(r.scan(s, storage.Query{IDs: ids}), inOrder(named), "Scan of all identifiers")
}

// same fails unless two lists of facts are equal, byte for byte and in order.
func (r *run) same(got, want []storage.Fact, what string) {
	if len(got) != len(want) {
		r.failf("%s gives %d facts, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := differ(got[i], want[i]); d != "" {
			r.failf("%s: fact %d of %d: %s", what, i, len(got), d)
		}
	}
}

// differ says how a fact differs from the one that was offered, "" where it does not.
// What is told is names of fields, since values may be anything.
func differ(got, want storage.Fact) string {
	want.Tags = nil
	if got.Tags != nil {
		return "tags come back"
	}
	if reflect.DeepEqual(got, want) {
		return ""
	}
	if got.Class() != want.Class() {
		return fmt.Sprintf("a fact of class %v, want %v", got.Class(), want.Class())
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := 1; i < g.NumField(); i++ {
		if w.Field(i).IsNil() {
			continue
		}
		a, b := g.Field(i).Elem(), w.Field(i).Elem()
		for k := range a.NumField() {
			if !reflect.DeepEqual(a.Field(k).Interface(), b.Field(k).Interface()) {
				return fmt.Sprintf("%v comes back with another %s", got.Class(), a.Type().Field(k).Name)
			}
		}
	}
	return "it differs"
}

// inOrder returns facts sorted by Position.
func inOrder(facts []storage.Fact) []storage.Fact {
	type placed struct {
		at storage.Position
		i  int
	}
	list := make([]placed, len(facts))
	for i, f := range facts {
		list[i] = placed{f.Position(), i}
	}
	slices.SortFunc(list, func(a, b placed) int { return a.at.Compare(b.at) })
	out := make([]storage.Fact, len(list))
	for i, p := range list {
		out[i] = facts[p.i]
	}
	return out
}
