package touchpoint_test

import (
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"

	tp "github.com/tabi-go/tabi/touchpoint"
)

// endless is n bytes of a repeated text.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && e.n > 0 {
		k := copy(p[n:min(len(p), n+e.n)], e.text)
		n, e.n = n+k, e.n-k
	}
	return n, nil
}

// heap returns the bytes of live and dead objects on the heap.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func TestBombsEndTypedAndSmall(t *testing.T) {
	size := 64 << 20
	if os.Getenv("TABI_LONG") == "1" {
		size = 1 << 30
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is dead hardly counts, also while others keep the machine busy
	repeat := func(text string, n int) io.Reader { return &endless{strings.Repeat(text, 4096/len(text)), n} }
	good := full(``) + "\n"
	for _, c := range []struct {
		name   string
		format tp.Format
		in     io.Reader
		want   string
		read   int
	}{
		{"one long line", tp.JSONLines, io.MultiReader(repeat("x", size), strings.NewReader("\n"+good)), "record too_large", 1},
		{"one long row", tp.CSV, io.MultiReader(strings.NewReader("source,id\n"), repeat("x,", size)), "record too_large", 0},
		{"one long quote", tp.CSV, io.MultiReader(strings.NewReader("source,id\n\""), repeat("x", size)), "record too_large", 0},
		{"one long header", tp.CSV, repeat("x,", size), "record too_large", 0},
		{"deep", tp.JSONLines, io.MultiReader(strings.NewReader(`{"a":`), repeat("[", 1e6), strings.NewReader("\n"+good)), "record too_deep", 1},
		{"many keys", tp.JSONLines, strings.NewReader(strings.TrimSuffix(full(``), "}") + "," + keys(90_000)[1:] + "\n" + good), "props too_many", 1},
		{"a million keys", tp.JSONLines, io.MultiReader(strings.NewReader(`{"a":{`), repeat(`"k":0,  `, 8e6), strings.NewReader("\n"+good)), "record too_large", 1},
		{"many keys in props", tp.JSONLines, strings.NewReader(full(`,"props":`+keys(5_000)) + "\n" + good), "props too_many", 1},
		{"wide array", tp.JSONLines, strings.NewReader(full(`,"a":[`+strings.Repeat("1,", 500_000)+`1]`) + "\n" + good), "props too_large", 1},
		{"many identifiers", tp.JSONLines, strings.NewReader(`{"source":"s","ids":[` + strings.Repeat(`{"type":"user_id","value":"u"},`, 30_000) + "{}]}\n" + good), "at missing", 1},
	} {
		runtime.GC()
		before, peak, n := heap(), uint64(0), 0
		fault := ""
		for _, err := range tp.NewReader(c.in, c.format, nil).All() {
			peak = max(peak, heap())
			if err == nil {
				n++
			} else if fault == "" {
				fault = reason(t, err)
			}
		}
		if fault != c.want || n != c.read {
			t.Errorf("%s: %q and %d touches, want %q and %d", c.name, fault, n, c.want, c.read)
		}
		if peak > before && peak-before > 64<<20 {
			t.Errorf("%s: %d MiB", c.name, (peak-before)>>20)
		}
	}
}

// keys returns an object of n keys.
func keys(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"X`)
		for ; i > 0; i /= 32 {
			b.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[i%32])
		}
		b.WriteString(`":0`)
	}
	return b.String() + "}"
}
