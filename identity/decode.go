package identity

import "encoding/binary"

// A decoder reads what an encoder wrote. After the first fault it is bad and reads zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) num() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 || d.bad {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || d.bad || v > uint64(len(d.b)-n) {
		d.bad = true
		return ""
	}
	s := string(d.b[n : n+int(v)])
	d.b = d.b[n+int(v):]
	return s
}

// many reads a number of elements, none of which takes less than one byte.
func (d *decoder) many() int {
	n := d.num()
	if n < 0 || n > int64(len(d.b)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) flag() bool { return d.num() != 0 }

func (d *decoder) id() ID {
	t, v := d.text(), d.text()
	return ID{Type(t), v}
}

func (d *decoder) ids() []ID {
	var ids []ID
	for range d.many() {
		ids = append(ids, d.id())
	}
	return ids
}

// take keeps the error of a fact.
func (d *decoder) take(errs []error) {
	if errs != nil {
		d.bad = true
	}
}

func (d *decoder) graph(g *Graph) {
	var ids []ID
	for range d.many() {
		ids = append(ids, d.id())
	}
	at := func() ID {
		i := d.num()
		if i < 0 || i >= int64(len(ids)) {
			d.bad = true
			return ID{}
		}
		return ids[i]
	}
	for range d.many() {
		var s Sighting
		s.At = instant(d.num())
		s.Source, s.ID = d.text(), d.text()
		s.Kind, s.End = Kind(d.num()), d.flag()
		s.Website, s.ReverseIP = d.text(), d.text()
		for range d.many() {
			s.IDs = append(s.IDs, at())
		}
		if d.bad {
			return
		}
		d.take(g.See(s))
	}
	for range d.many() {
		e := Evidence{A: at(), B: at(), Kind: Kind(d.num()), At: instant(d.num()), From: instant(d.num()), To: instant(d.num()), Weight: int32(d.num())}
		e.Source, e.Ref = d.text(), d.text()
		if d.bad {
			return
		}
		d.take(g.Add(e))
	}
	for range d.many() {
		if o := d.override(); !d.bad {
			d.take(g.Apply(o))
		}
	}
	for range d.many() {
		m := Membership{Person: d.id(), Account: d.id(), Role: d.text(), Source: d.text(), Ref: d.text(), Primary: d.flag(),
			From: instant(d.num()), To: instant(d.num()), At: instant(d.num()), Confidence: int(d.num())}
		if d.bad {
			return
		}
		d.take(g.Relate(m))
	}
	for range d.many() {
		p := Parent{Child: d.id(), Parent: d.id(), Source: d.text(), Ref: d.text(), From: instant(d.num()), To: instant(d.num()), At: instant(d.num())}
		if d.bad {
			return
		}
		d.take(g.Nest(p))
	}
}

func (d *decoder) override() Override {
	o := Override{ID: d.text(), At: instant(d.num()), Actor: d.text(), Reason: d.text(), Op: Op(d.num()), A: d.id(), B: d.id(),
		Left: d.ids(), Right: d.ids(), Force: d.flag(), Target: d.text()}
	o.Scope.A, o.Scope.B = d.id(), d.id()
	if k := Kind(d.num()); k <= Probabilistic {
		o.Scope.Kind = &k
	}
	o.Scope.Source, o.Scope.Ref.Source, o.Scope.Ref.ID = d.text(), d.text(), d.text()
	o.Scope.From, o.Scope.To = instant(d.num()), instant(d.num())
	return o
}
