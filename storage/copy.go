package storage

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/tabi-go/tabi/touchpoint"
)

// Copy appends to dst what Changes of src yields after a cursor, and returns the cursor
// up to which dst is complete: hand it in again to go on, after an error too. Erasures
// travel with their suppression entries and remove nothing from dst.
func Copy(ctx context.Context, dst, src Store, after Cursor) (Cursor, touchpoint.Tally, error) {
	var tally touchpoint.Tally
	var batch []Fact
	done, last := after, after
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		more, err := appendAll(ctx, dst, batch)
		batch = batch[:0]
		if err == nil {
			tally.Merge(more)
			done = last
		}
		return err
	}
	for c, err := range src.Changes(ctx, after) {
		if err != nil {
			return done, tally, err
		}
		if e := c.Fact.Erasure; e != nil {
			if err := flush(); err != nil {
				return done, tally, err
			}
			status, err := carry(ctx, dst, e)
			if err != nil {
				return done, tally, err
			}
			tally.Add(status)
			done, last = c.Cursor, c.Cursor
			continue
		}
		batch, last = append(batch, c.Fact), c.Cursor
		if len(batch) == loadBatch {
			if err := flush(); err != nil {
				return done, tally, err
			}
		}
	}
	err := flush()
	return done, tally, err
}

// Digest returns the SHA-256 over all facts in the order of class and [Position], each as
// the uvarint of its length and its encoding; without ReceivedAt, erasures and audits,
// whose ids are random. Two stores of equal facts have equal digests, whatever they are.
func Digest(ctx context.Context, s Store) ([32]byte, error) {
	sum := sha256.New()
	var body, size []byte
	for f, err := range byClass(ctx, s, []Class{
		ClassTouch, ClassEvidence, ClassOverride, ClassMembership, ClassParent, ClassConsent, ClassResidue,
	}) {
		if err == nil {
			body, err = AppendFact(body[:0], f)
		}
		if err != nil {
			return [32]byte{}, err
		}
		size = binary.AppendUvarint(size[:0], uint64(len(body)))
		sum.Write(size)
		sum.Write(body)
	}
	return [32]byte(sum.Sum(nil)), nil
}
