package crashfs

import (
	"math/rand/v2"
	"slices"
)

// A Cut says what a power cut leaves of what was not synced.
type Cut struct {
	Keep   int  // percent of the unsynced changes that are kept, 0 to 100
	Subset bool // any of them, of writes any sectors, instead of the first ones
	Torn   Torn // what becomes of the last write that is kept
}

// Torn says where a write breaks off.
type Torn uint8

// The ways.
const (
	Whole    Torn = iota // it does not
	AtByte               // after any byte
	AtSector             // after a whole sector
)

// sector is what a drive writes at once, in bytes.
const sector = 512

// Cut returns the disk after a power cut at this point and a restart: no lock is held, and
// nothing fails. d goes on as if nothing had happened; what is done to it does not reach
// the copy.
func (d *Disk) Cut(c Cut) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after, files := d.copy()
	kept := c.kept(d.pending, rand.New(rand.NewPCG(d.seed, uint64(d.ops)<<16|uint64(c.Keep)<<8|uint64(c.Torn)<<1|bit(c.Subset))))
	for _, p := range kept {
		if p.file = files[p.file]; p.isEntry() {
			p.apply(after.durable)
		} else {
			p.file.durable = p.write(p.file.durable)
		}
	}
	after.names, after.pending = make(map[string]*inode), nil
	for name, f := range after.durable {
		f.data = slices.Clone(f.durable)
		after.names[name] = f
	}
	return after
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// kept returns the changes that survive.
func (c Cut) kept(pending []change, g *rand.Rand) []change {
	if c.Subset {
		pending = sectors(pending)
	}
	n := (len(pending)*c.Keep + 50) / 100
	kept := slices.Clone(pending[:n])
	if c.Subset {
		kept = kept[:0]
		for i, p := range pending { // n of them, each equally likely, in order
			if g.IntN(len(pending)-i) < n-len(kept) {
				kept = append(kept, p)
			}
		}
	}
	for i := len(kept) - 1; i >= 0 && c.Torn != Whole; i-- {
		if p := &kept[i]; len(p.data) > 0 {
			k := g.Int64N(int64(len(p.data)))
			if c.Torn == AtSector {
				k = max(0, (p.off+k)/sector*sector-p.off)
			}
			p.data = p.data[:k]
			break
		}
	}
	return kept
}

// sectors cuts writes at the borders of sectors.
func sectors(pending []change) []change {
	var out []change
	for _, p := range pending {
		for len(p.data) > 0 {
			n := min(int64(len(p.data)), sector-p.off%sector)
			part := p
			part.data = p.data[:n]
			out = append(out, part)
			p.data, p.off = p.data[n:], p.off+n
		}
		if p.isEntry() || p.truncate {
			out = append(out, p)
		}
	}
	return out
}

// Kill returns the disk after the death of the process at this point: everything written
// is seen, synced or not, no lock is held, and nothing fails. d goes on.
func (d *Disk) Kill() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after, files := d.copy()
	for _, p := range d.pending {
		p.file = files[p.file]
		after.pending = append(after.pending, p)
	}
	return after
}

// copy returns the disk without its faults, locks and pending changes, and which file
// became which. The lock is held.
func (d *Disk) copy() (*Disk, map[*inode]*inode) {
	after := New(d.seed)
	after.ops = d.ops
	files := map[*inode]*inode{nil: nil}
	of := func(f *inode) *inode {
		g, ok := files[f]
		if !ok {
			g = &inode{slices.Clone(f.data), slices.Clone(f.durable)}
			files[f] = g
		}
		return g
	}
	for name, f := range d.names {
		after.names[name] = of(f)
	}
	for name, f := range d.durable {
		after.durable[name] = of(f)
	}
	for _, p := range d.pending {
		of(p.file)
	}
	return after, files
}
