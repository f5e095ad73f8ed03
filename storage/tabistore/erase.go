package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
)

// A key makes tags, which is what is left of a suppressed identifier.
type key struct {
	id     string
	secret []byte
}

// minSecret is the length of a secret, in bytes.
const minSecret = 32

// readKeys reads lines ID HEX; the first key is the current one.
func readKeys(name string) ([]key, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	defer f.Close()
	var keys []key
	for in := bufio.NewScanner(f); in.Scan(); {
		fields := strings.Fields(in.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, usagef("%s: a line is ID HEX", name)
		}
		secret, err := hex.DecodeString(fields[1])
		if err != nil || len(secret) < minSecret {
			return nil, usagef("%s: a secret is at least %d bytes in hexadecimal", name, minSecret)
		}
		keys = append(keys, key{fields[0], secret})
	}
	if len(keys) == 0 {
		return nil, usagef("%s: %w", name, identity.ErrNoKey)
	}
	return keys, nil
}

// tag is that of suppression, for the one tenant of a store.
func (k key) tag(id identity.ID) storage.Tag {
	m := hmac.New(sha256.New, k.secret)
	m.Write([]byte("tabi.suppress.v1\x1f\x1f" + string(id.Type()) + "\x1f" + id.Value()))
	return storage.Tag(m.Sum(nil)[:16])
}

// tags are those of a fact's identifiers under every key.
func (p *program) tags(ids []identity.ID) []storage.Tag {
	var tags []storage.Tag
	for _, k := range p.keys {
		for _, id := range ids {
			tags = append(tags, k.tag(id))
		}
	}
	return tags
}

// checkKeys fails if the store's list cannot be looked up for want of a key.
func (p *program) checkKeys(ctx context.Context, s storage.Store) error {
	known := make(map[string]bool)
	for _, k := range p.keys {
		known[k.id] = true
	}
	for f, err := range s.Scan(ctx, storage.Query{Classes: []storage.Class{storage.ClassErasure}}) {
		if err != nil {
			return err
		}
		for _, e := range f.Erasure.Entries {
			if !known[e.KeyID] {
				return fmt.Errorf("%w: -keys lacks one of the store's suppression list", identity.ErrNoKey)
			}
		}
	}
	return nil
}

// eraseAll removes what names an identifier of -erase, and suppresses it for ever.
func (p *program) eraseAll(ctx context.Context, s storage.Store) error {
	if !p.erasing {
		return nil
	}
	e := storage.Erasure{ID: rand.Text(), At: p.now, Remove: []storage.Query{{IDs: p.erasures}}, Note: storage.Erased{Actor: "tabistore"}}
	current := p.keys[0]
	for _, id := range p.erasures {
		e.Suppress = append(e.Suppress, storage.Suppression{KeyID: current.id, Tag: current.tag(id), At: p.now, Generation: 1})
	}
	rec, err := s.Erase(ctx, e)
	for _, n := range rec.Removed {
		p.erased += n
	}
	for _, place := range rec.OutOfReach {
		fmt.Fprintln(p.errs, "out of reach:", place)
	}
	return err
}
