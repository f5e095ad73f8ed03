package journey

import (
	"context"
	"log/slog"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

// RecordConsents makes consents facts, as a receiver of package ingest/httpin asks. The
// error is nil unless they must be offered again; what the store refused for good is
// logged. Use [Tracker.Learn] where the outcome of each is wanted.
func (t *Tracker) RecordConsents(ctx context.Context, consents ...touchpoint.Consent) error {
	return learnAll(ctx, t, consents, func(c *touchpoint.Consent) storage.Fact { return storage.Fact{Consent: c} })
}

// RecordOverrides makes overrides facts, as [Tracker.RecordConsents] does consents.
func (t *Tracker) RecordOverrides(ctx context.Context, overrides ...identity.Override) error {
	return learnAll(ctx, t, overrides, func(o *identity.Override) storage.Fact { return storage.Fact{Override: o} })
}

// RecordRelations makes memberships facts, as [Tracker.RecordConsents] does consents.
func (t *Tracker) RecordRelations(ctx context.Context, relations ...identity.Membership) error {
	return learnAll(ctx, t, relations, func(m *identity.Membership) storage.Fact { return storage.Fact{Membership: m} })
}

func learnAll[T any](ctx context.Context, t *Tracker, all []T, fact func(*T) storage.Fact) error {
	facts := make([]storage.Fact, len(all))
	for i := range all {
		facts[i] = fact(&all[i])
	}
	outs, err := t.Learn(ctx, facts...)
	refused := touchpoint.Count(outs)
	if n := refused[touchpoint.Rejected] + refused[touchpoint.Conflict]; n > 0 {
		t.log.LogAttrs(ctx, slog.LevelWarn, "journey: facts refused", slog.Int("rejected", refused[touchpoint.Rejected]),
			slog.Int("conflict", refused[touchpoint.Conflict]))
	}
	return err
}
