package identity_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
)

func TestPersonIDVectors(t *testing.T) {
	for _, c := range []struct{ key, tenant, anchor, want string }{
		{"", "", "user_id:u1", "9a495985-7f36-80a4-8fe0-68e50582a237"},
		{"secret", "acme", "email:ann@example.com", "ea59486a-e699-8c4a-8ca3-c7277da4ec32"},
		{"", "", "domain:example.com", "f4ee6eed-cff2-8c84-82ed-9a9f24e82ffc"},
	} {
		g := graph(t, &identity.Rules{Key: []byte(c.key), Tenant: c.tenant}, touch(t, "1", day(1, 1), c.anchor))
		r := g.Resolve(day(1, 2))
		p, isPerson := r.Person(id(t, c.anchor))
		a, isAccount := r.AccountByID(id(t, c.anchor))
		if isPerson == isAccount || isPerson && p.ID.String() != c.want || isAccount && a.ID.String() != c.want {
			t.Errorf("%s: person %v, account %v, want %s", c.anchor, p.ID, a.ID, c.want)
		}
		var u identity.PersonID
		if err := u.UnmarshalText([]byte(c.want)); err != nil || u.String() != c.want {
			t.Errorf("text form: %v, %v", u, err)
		}
	}
}

func TestIDPrintsNoValue(t *testing.T) {
	x := id(t, "email:canary@example.com")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "id", x)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "id", x)
	text := log.String() + fmt.Sprintf("%v %+v %#v %s %q %d %x", x, x, x, x, x, x, x) +
		fmt.Sprint([]identity.ID{x}, struct{ A identity.ID }{x}, &x, x.String(), x.GoString())
	if strings.Contains(text, "canary") || !strings.Contains(text, "email:[redacted]") {
		t.Error(text)
	}
	rules := &identity.Rules{Key: []byte("k")}
	if tag := rules.Tag(x); len(tag) != 12 || tag != rules.Tag(x) || tag == rules.Tag(id(t, "email:other@example.com")) {
		t.Errorf("tag %q", tag)
	}
}

func TestIDFormsCarryTheValue(t *testing.T) {
	for _, x := range []identity.ID{id(t, "email:ann@example.com"), identity.MakeID(identity.UserID, "a:b"), {}} {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		var y, z identity.ID
		if err := json.Unmarshal(b, &y); err != nil || y != x {
			t.Errorf("JSON %s: %v", b, err)
		}
		text, _ := x.MarshalBinary()
		if err := z.UnmarshalBinary(text); err != nil || z != x {
			t.Errorf("text %s: %v", text, err)
		}
	}
	for _, bad := range []string{`{"type":"Email","value":"x"}`, `{"type":"email","value":"a\u0001"}`, `7`, "{\"type\":\"email\",\"value\":\"\xff\"}"} {
		var x identity.ID
		if err := x.UnmarshalJSON([]byte(bad)); !errors.Is(err, identity.ErrCorrupt) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Without a key a tag is not to be guessed: it is made with the key of the process.
func TestTagsWithoutAKeyAreOfTheProcess(t *testing.T) {
	x := id(t, "email:ann@example.com")
	want := (*identity.Rules)(nil).Tag(x)
	for name, r := range map[string]*identity.Rules{"no key": {}, "an empty key": {Key: []byte{}}} {
		if got := r.Tag(x); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := (&identity.Rules{Key: []byte("k")}).Tag(x); got == want {
		t.Error("a key changes nothing")
	}
}

func TestIDsAreOrderedByTypeThenValue(t *testing.T) {
	ordered := ids(t, "device_id:zz email:ann@x.org email:bob@x.org user_id:a1 user_id:a2")
	for i, a := range ordered {
		for j, b := range ordered {
			if got := identity.CompareIDs(a, b); got != cmp.Compare(i, j) {
				t.Errorf("%d and %d: %d", i, j, got)
			}
		}
	}
}
