package journey_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
)

// Table 2.1: a batch of 10,000 is taken whole, one more not at all.
func TestBoundOfABatchAtTheLimitAndOneOver(t *testing.T) {
	batch := make([]touchpoint.Touch, storage.MaxBatch+1)
	for i := range batch {
		batch[i] = touch("pageview", "01-01", func(t *touchpoint.Touch) { t.ID = fmt.Sprint(i) })
	}
	tr := trackerOn(t, new(memstore.Store), nil)
	if outs, err := tr.Record(ctx, batch...); outs != nil || !errors.Is(err, storage.ErrBatchTooLarge) {
		t.Errorf("one over: %d outcomes, %v", len(outs), err)
	}
	outs, err := tr.Record(ctx, batch[1:]...)
	if err != nil || touchpoint.Count(outs)[touchpoint.Accepted] != storage.MaxBatch {
		t.Errorf("at the limit: %v, %v", touchpoint.Count(outs), err)
	}
}

// Table 2.3, same key with other content: reported with its fields, and the first stays.
func TestConflictIsReportedAndTheFirstStays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	tr := trackerOn(t, new(memstore.Store), nil)
	first := map[string]string{}
	for i := range 1000 {
		tp := touch("pageview", "01-01", func(t *touchpoint.Touch) { t.ID, t.Touchpoint = fmt.Sprint(i), fmt.Sprint("page ", i) })
		record(t, tr, tp)
		first[tp.ID] = tp.Touchpoint
		if r.IntN(10) > 0 {
			continue
		}
		tp.Touchpoint, tp.Channel = "another page", "Email"
		outs, err := tr.Record(ctx, tp)
		if err != nil || outs[0].Status != touchpoint.Conflict || !slices.Equal(outs[0].Fields, []string{"channel", "touchpoint"}) {
			t.Fatalf("%v, %v", outs, err)
		}
	}
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tp := range v.Touches(v.Subjects(identity.PersonEntity)[0]) {
		if first[tp.ID] != tp.Touchpoint {
			t.Fatalf("touch %s is now %q", tp.ID, tp.Touchpoint)
		}
	}
}

// Table 2.3, placeholders: however many people send null, nobody is joined.
func TestPlaceholdersOfManyUsersJoinNobody(t *testing.T) {
	n := many(2000, 100_000)
	tr := trackerOn(t, new(memstore.Store), nil)
	batch := make([]touchpoint.Touch, n)
	for i := range batch {
		batch[i] = touch("pageview", "01-01", by("user_id:"+[]string{"null", "NULL", "'undefined'", "0"}[i%4], fmt.Sprintf("anonymous_id:dev-%d", i)))
		batch[i].ID = fmt.Sprint(i)
	}
	for part := range slices.Chunk(batch, storage.MaxBatch) {
		record(t, tr, part...)
	}
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(v.Subjects(identity.PersonEntity)); got != n {
		t.Errorf("%d users are %d people", n, got)
	}
}

// Table 2.3, SQL injection, NUL and look-alikes: hostile names are names, each alone.
func TestHostileNamesAreNames(t *testing.T) {
	tr := trackerOn(t, new(memstore.Store), nil)
	var batch []touchpoint.Touch
	for i, evil := range []string{"'; DROP TABLE fact;--", "%s%n%d", "../../etc/passwd", "$(rm -rf)", "`id`", "a\u0301", "á", "A", "a", "a ", "<script>", "{{.}}", "\\u0000", "1e309", "NaN"} {
		for _, set := range []func(*touchpoint.Touch){
			func(t *touchpoint.Touch) { t.Source = strings.TrimSpace(evil) + "!" },
			func(t *touchpoint.Touch) { t.ID = strings.TrimSpace(evil) + "!" },
			func(t *touchpoint.Touch) { t.Touchpoint = evil },
			func(t *touchpoint.Touch) { t.Stage = evil },
			func(t *touchpoint.Touch) { t.Props = t.Props.SetText(strings.TrimSpace(evil), evil) },
		} {
			tp := touch("pageview", "01-01")
			tp.ID = fmt.Sprint(i, " ", len(batch))
			set(&tp)
			batch = append(batch, tp)
		}
	}
	record(t, tr, batch...)
	v, err := tr.View(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	distinct := map[touchpoint.Key]bool{}
	for _, tp := range batch {
		distinct[tp.Key()] = true
	}
	if n, _ := v.Facts(); n != len(distinct) {
		t.Errorf("%d touches of %d", n, len(distinct))
	}
}

// Table 2.3, personal data: no error or outcome of a tracker tells an identifier.
func TestErrorsAndOutcomesTellNoPersonalData(t *testing.T) {
	tr := trackerOn(t, new(memstore.Store), nil)
	secret := "canary-7f3a@example.com"
	good := touch("order", "01-01", by("email:"+secret))
	bad := []touchpoint.Touch{good, good, good, good}
	bad[0].Touchpoint = secret + "\x00"
	bad[1].Props = touchpoint.Props{}.SetText(secret, "\x00")
	bad[2].IDs = append(bad[2].IDs[:1:1], identity.MakeID("shoe_size", secret))
	bad[3].Value = touchpoint.Money{Minor: -1, Currency: touchpoint.Currency{'E', 'U', 'R'}}
	record(t, tr, good)
	good.Touchpoint = "another"
	outs, err := tr.Record(ctx, append(bad, good)...)
	_, unknown := tr.Journey(ctx, journey.Subject{ID: secret})
	text := fmt.Sprintf("%v %+v %#v %v %v", outs, outs, outs, err, unknown)
	for _, o := range outs {
		text += fmt.Sprint(o.Err, o.Fields, o.Reason)
	}
	if strings.Contains(text, "canary") {
		t.Error(text)
	}
}

// Table 2.3, money overflow: a refund of the least amount there is lowers a goal to nothing
// and no further.
func TestMoneyOverflowOfARefund(t *testing.T) {
	f := fold(t, []touchpoint.Touch{
		touch("order", "01-02", worth(10_00, "EUR"), prop("order_id", "7")),
		touch("refund", "01-05", worth(math.MinInt64, "EUR"), prop("order_id", "7")),
	}, on("02-01"), nil)
	if net := f.Journeys[0].Goals[0].Net.Minor; net != 0 {
		t.Errorf("net %d", net)
	}
	if len(f.Unmatched) != 1 || f.Unmatched[0].Amount.Minor != math.MaxInt64-10_00 {
		t.Errorf("unmatched %v", f.Unmatched)
	}
}
