package storage_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/touchpoint"
)

var t0 = time.Date(2026, 4, 1, 9, 0, 0, 123456000, time.UTC)

func sample() *touchpoint.Touch {
	p, _ := touchpoint.ParseProps([]byte(`{"duration_s":1800,"outcome":"completed"}`))
	return &touchpoint.Touch{Source: "crm", ID: "0e8b1d7f-7af3-5d5b-b66f-80e61e974a6a", At: t0, Kind: "meeting",
		Channel: "Sales", Touchpoint: "Demo room", IDs: []identity.ID{identity.MakeID("email", "a.sato@example.co.jp"), identity.MakeID("user_id", "u-17")},
		Direction: touchpoint.Outbound, Offline: true, Value: touchpoint.Money{Minor: 12000, Currency: touchpoint.Currency{'E', 'U', 'R'}}, Props: p}
}

func TestKeyVectors(t *testing.T) {
	ann, u1 := identity.MakeID("email", "ann@example.com"), identity.MakeID("user_id", "u1")
	for _, v := range []struct {
		what string
		got  [16]byte
		want string
	}{
		{"touch", storage.Key{storage.ClassTouch, "web", "1"}.Hash(), "531dac40bd885eae1533caeebe17b682"},
		{"evidence", storage.Key{storage.ClassEvidence, "crm", "e-1"}.Hash(), "bfd40f615705954e12d8e7bc7ed96f9c"},
		{"email", storage.HashID(ann), "49393fdde19d98e7c2e2f983cad30192"},
		{"user_id", storage.HashID(u1), "dd06134fb6743ec8c9b667ed1e4fe615"},
		{"set", storage.HashSet(storage.ClassTouch, "web", []identity.ID{ann, u1}), "8dfe7c230df638d510f28e7a9a8703e5"},
	} {
		if got := hex.EncodeToString(v.got[:]); got != v.want {
			t.Errorf("%s: %s, want %s", v.what, got, v.want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = storage.AppendFact(buf[:0], f)
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkRow(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var r storage.Row
	b.ReportAllocs()
	for b.Loop() {
		r.Encode(f)
	}
}

func BenchmarkDecode(b *testing.B) {
	f := storage.Fact{Touch: sample()}
	var r storage.Row
	r.Encode(f)
	b.ReportAllocs()
	for b.Loop() {
		r.Fact()
	}
}
