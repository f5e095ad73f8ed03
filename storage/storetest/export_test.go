package storetest

import (
	"context"
	"errors"
)

// CheckGroup runs the rules of one group only.
func CheckGroup(ctx context.Context, h Harness, group string) error {
	return check(ctx, h, func(r rule) bool { return r.group() == group })
}

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
