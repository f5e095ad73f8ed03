package csvmap_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

func Example() {
	m, err := csvmap.Parse([]byte(`{"source": "shop", "at": {"col": "sold", "zone": "Asia/Tokyo"},
		"kind": {"const": "order"}, "ids": [{"type": "user_id", "col": "customer"}],
		"value": {"col": "amount", "strip": ["円"], "group": ","}, "currency": {"const": "JPY"}}`))
	if err != nil {
		panic(err)
	}
	d, err := m.Decoder(nil)
	if err != nil {
		panic(err)
	}
	table := "sold,customer,amount\n2026-04-01 09:00:00,u1,\"5,400円\"\nyesterday,u2,100\n"
	for rec, err := range d.Decode(strings.NewReader(table), time.Time{}) {
		if err != nil {
			panic(err) // the table cannot be read further
		}
		if bad := (*touchpoint.InvalidError)(nil); errors.As(rec.Err, &bad) {
			fmt.Printf("line %d: %s %s\n", rec.Line, bad.Reason, bad.Field)
			continue
		}
		for _, tp := range rec.Touches {
			fmt.Println(tp.At.Format(time.RFC3339), tp.Kind, tp.Value.Text(), tp.Value.Currency)
		}
	}
	// Output:
	// 2026-04-01T00:00:00Z order 5400 JPY
	// line 3: syntax at
}
