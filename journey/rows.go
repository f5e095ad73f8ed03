package journey

import (
	"context"
	"crypto/sha256"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// derive makes the rows of the people concerned, some components at a time, on all
// processors.
func (s *step) derive(ctx context.Context, loose []identity.Override) error {
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	done := idSet{}
	seeds := s.people.sorted()
	if !s.b.over && !s.past && !s.end {
		seeds = slices.DeleteFunc(seeds, func(id identity.ID) bool { return s.b.made[id] })
	}
	for len(seeds) > 0 && s.failed() == nil {
		reached := idSet{}
		for len(seeds) > 0 && len(reached) < s.t.stepIDs {
			if !done[seeds[0]] {
				reached[seeds[0]] = true
			}
			seeds = seeds[1:]
		}
		ties, err := s.t.walk(ctx, identity.PersonEntity, reached)
		if err != nil {
			s.fail(err)
			break
		}
		maps.Copy(done, reached)
		s.of = append(s.of, reached.sorted()...)
		room <- struct{}{}
		wg.Go(func() {
			var err error = touchpoint.NewCallbackError("identity.Rules", nil) // if a hook ends this goroutine
			defer func() {
				s.fail(err)
				<-room
			}()
			err = s.summarize(ctx, reached, components(reached, ties), loose)
		})
	}
	wg.Wait()
	return s.failed()
}

func (s *step) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *step) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// summarize makes the rows of the people of whole components.
func (s *step) summarize(ctx context.Context, ids idSet, whole []storage.Summary, loose []identity.Override) (err error) {
	defer catch(&err)
	t := s.t
	h, err := t.gather(ctx, ids, loose)
	if err != nil {
		return err
	}
	v := t.derive(h, everything, nil)
	domains := map[[16]byte]idSet{} // of people, and of components by their row's subject
	seen := func(of [16]byte, ds []identity.ID) {
		for _, d := range ds {
			if domains[of] == nil {
				domains[of] = idSet{}
			}
			domains[of][d] = true
		}
	}
	for i := range v.touches {
		tp := &v.touches[i]
		ds := t.domains(storage.Fact{Touch: tp})
		if len(ds) == 0 {
			continue
		}
		if owner := v.owners[i]; owner != (identity.PersonID{}) {
			seen(owner, ds)
			continue
		}
		for _, c := range whole { // nobody's touch can belong to an account all the same
			if slices.ContainsFunc(tp.IDs, func(id identity.ID) bool { _, ok := slices.BinarySearchFunc(c.IDs, id, identity.CompareIDs); return ok }) {
				seen(c.Subject, ds)
			}
		}
	}
	var rows []storage.Summary
	people := 0
	for _, subject := range v.Subjects(identity.PersonEntity) {
		row, ok := v.summary(subject)
		if !ok {
			continue
		}
		people++
		r := row.row()
		rows = append(rows, r)
		for _, id := range row.IDs {
			seen(r.Subject, t.domains(storage.Fact{Evidence: &identity.Evidence{A: id, B: id}}))
		}
	}
	alone := map[identity.ID]int{} // how many identifiers a person has, by each of them
	for _, r := range rows {
		for _, id := range r.IDs {
			alone[id] = len(r.IDs)
		}
	}
	for _, r := range slices.Concat(rows, whole) {
		for _, d := range domains[r.Subject].sorted() {
			name := storage.AppendIDs(nil, []identity.ID{d})
			sum := sha256.Sum256(slices.Concat(r.Subject[:], name))
			row := storage.Summary{Subject: [16]byte(sum[:]), IDs: r.IDs, Stage: domainRow, Account: storage.HashID(d)}
			if h.named[d] {
				row.Stage, row.Body = knownRow, name
			}
			rows = append(rows, row)
		}
	}
	for _, c := range whole {
		if alone[c.IDs[0]] != len(c.IDs) {
			rows = append(rows, c)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, rows...)
	s.made += people
	return nil
}

// components makes a row of each component that ties make of identifiers.
func components(ids idSet, ties []storage.Tie) []storage.Summary {
	key := func(id identity.ID) string { return string(storage.AppendIDs(nil, []identity.ID{id})) }
	list := ids.sorted()
	var c identity.Components
	for _, id := range list {
		c.Add(key(id), key(id))
	}
	for _, tie := range ties {
		of := slices.DeleteFunc(tie.IDs(), func(id identity.ID) bool { return !ids[id] })
		for _, id := range of {
			c.Add(key(of[0]), key(id))
		}
	}
	rows := make([]storage.Summary, len(list))
	for i, id := range list {
		n, _ := c.Find(key(id)) // the place in list of the component's first
		if n == i {
			rows[n] = storage.Summary{Subject: storage.HashID(id), Stage: componentRow}
		}
		rows[n].IDs = append(rows[n].IDs, id)
	}
	return slices.DeleteFunc(rows, func(r storage.Summary) bool { return r.IDs == nil })
}
