package storetest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// Impatient is for a store that is known to get stuck.
func Impatient(h Harness) Harness {
	h.patience = time.Second
	return h
}

// CheckOnly runs the rules with a part in their name.
func CheckOnly(ctx context.Context, h Harness, part string) error {
	return check(ctx, h, func(r rule) bool { return strings.Contains(r.name, part) })
}

// Thousands are the rules that -short skips.
var Thousands = thousands

// Rules returns the name and the sentence of every rule.
func Rules() map[string]string {
	m := make(map[string]string)
	for _, r := range rules() {
		if m[r.name] != "" {
			panic(errors.New("two rules named " + r.name))
		}
		m[r.name] = r.why
	}
	return m
}

// KillError is Kill without a test that fails.
func KillError(t *testing.T, h KillHarness) error {
	if os.Getenv(killEnv) != "" {
		Kill(t, h)
	}
	h.Place = t.TempDir()
	return h.parent(t.Context(), t.Name(), t.Logf)
}

// KillErasuresError is KillErasures without a test that fails.
func KillErasuresError(t *testing.T, h KillHarness) error {
	if os.Getenv(killEnv) != "" {
		KillErasures(t, h)
	}
	h.Place = t.TempDir()
	return h.eraseParent(t.Context(), t.Name(), t.Logf)
}

// KillChild is what a child does until it is killed, or its store fails.
func KillChild(ctx context.Context, h KillHarness, place string) error { return h.child(ctx, place) }

// KillLook is what the parent finds after a kill, of which it was told these batches;
// those below cleared were removed.
func KillLook(ctx context.Context, h KillHarness, last int, acked, gone []int, cleared int) error {
	st := killState{acked: make(map[int]bool), gone: make(map[int]bool), cleared: cleared}
	for _, n := range acked {
		st.acked[n] = true
	}
	for _, n := range gone {
		st.gone[n] = true
	}
	_, err := h.look(ctx, last, st)
	return err
}
