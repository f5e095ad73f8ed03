package identity_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tabi-go/tabi/identity"
)

func TestComponentsAgreeWithSearch(t *testing.T) {
	for seed := range uint64(worlds(60)) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := 1 + r.IntN(200)
		var text, number identity.Components
		near := make(map[int][]int)
		var edges [][2]int
		for range r.IntN(2 * n) {
			a, b := r.IntN(n), r.IntN(n)
			edges = append(edges, [2]int{a, b})
			near[a], near[b] = append(near[a], b), append(near[b], a)
			text.Add(name(a), name(b))
			number.AddKeys(uint64(a), uint64(b))
		}
		home := map[int]int{}
		for a := range n {
			if _, known := near[a]; !known || home[a] != 0 {
				continue
			}
			for queue := []int{a}; len(queue) > 0; queue = queue[1:] {
				if home[queue[0]] == 0 {
					home[queue[0]] = a + 1
					queue = append(queue, near[queue[0]]...)
				}
			}
		}
		homes := map[int]bool{}
		for _, h := range home {
			homes[h] = true
		}
		if text.Len() != len(near) || text.Count() != len(homes) || number.Len() != len(near) || number.Count() != len(homes) {
			t.Fatalf("seed %d: %d keys in %d components, search says %d in %d", seed, text.Len(), text.Count(), len(near), len(homes))
		}
		for _, e := range edges {
			a, _ := text.Find(name(e[0]))
			b, ok := text.Find(name(e[1]))
			c, _ := number.FindKey(uint64(e[0]))
			d, _ := number.FindKey(uint64(e[1]))
			if a != b || c != d || !ok {
				t.Fatalf("seed %d: an edge between two components", seed)
			}
		}
		if len(edges) > 0 {
			if n, _ := text.Find(name(edges[0][1])); n != 0 {
				t.Fatalf("seed %d: the first component has number %d", seed, n)
			}
		}
		at := 0
		for k := range text.All() {
			if at < 2 && len(edges) > 0 && edges[0][0] != edges[0][1] && k != name(edges[0][at]) {
				t.Fatalf("seed %d: keys are not in the order of adding", seed)
			}
			at++
		}
		if _, ok := text.Find("nobody"); ok {
			t.Fatal("an unknown key is known")
		}
		want, _ := text.MarshalBinary()
		r.Shuffle(len(edges), func(i, j int) { edges[i], edges[j] = edges[j], edges[i] })
		var a, b identity.Components
		for i, e := range edges {
			if i%2 == 0 {
				a.Add(name(e[1]), name(e[0]))
			} else {
				b.Add(name(e[0]), name(e[1]))
			}
		}
		a.Merge(&b)
		a.Merge(&a)
		got, _ := a.MarshalBinary()
		var back identity.Components
		if err := back.UnmarshalBinary(got); err != nil {
			t.Fatal(err)
		}
		again, _ := back.MarshalBinary()
		if !bytes.Equal(got, want) || !bytes.Equal(again, want) {
			t.Fatalf("seed %d: bytes differ", seed)
		}
	}
}

// name is a key of changing length, now and then longer than a byte says.
func name(i int) string { return fmt.Sprint("key ", i) + strings.Repeat("x", i*7%300) }

func TestComponentsOfLongChains(t *testing.T) {
	var c identity.Components
	for i := range uint64(200_000) {
		c.AddKeys(i+1, i)
	}
	if c.Count() != 1 {
		t.Error(c.Count())
	}
	n := 0
	for _, root := range c.AllKeys() {
		if root != 0 {
			t.Fatal(root)
		}
		n++
	}
	if n != 200_001 {
		t.Error(n)
	}
	c.Add(strings.Repeat("long", 1<<20), "short")
	if got, ok := c.Find(strings.Repeat("long", 1<<20)); !ok || got != 0 {
		t.Error(got, ok)
	}
	for k, root := range c.All() {
		if root != 0 || len(k) == 0 {
			t.Error(root)
		}
	}
}

func FuzzComponentsDecoder(f *testing.F) {
	var c identity.Components
	c.Add("a", "b")
	c.AddKeys(1, 7)
	b, _ := c.MarshalBinary()
	f.Add(b)
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var c identity.Components
		if c.UnmarshalBinary(b) != nil {
			return
		}
		again, _ := c.MarshalBinary()
		if !bytes.Equal(again, b) {
			t.Fatal("two encodings of one state")
		}
	})
}

func FuzzGraphDecoder(f *testing.F) {
	g := graph(f, nil, touch(f, "1", day(1, 1), "user_id:u1 email:a@b.example"))
	must(f, g.Apply(identity.Override{ID: "1", At: day(1, 1), Op: identity.MustLink, A: id(f, "user_id:u1"), B: id(f, "user_id:u2")}))
	b, _ := g.MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		g := graph(t, nil)
		if g.UnmarshalBinary(b) != nil {
			return
		}
		if again, _ := g.MarshalBinary(); !bytes.Equal(again, b) {
			t.Fatal("two encodings of one state")
		}
	})
}

func ExampleComponents() {
	var c identity.Components
	c.Add("cookie 1", "ann@example.com")
	c.Add("cookie 2", "bob@example.com")
	c.Add("cookie 3", "ann@example.com")
	a, _ := c.Find("cookie 1")
	b, _ := c.Find("cookie 3")
	fmt.Println(c.Len(), "keys in", c.Count(), "components; one device's owner is the other's:", a == b)
	// Output: 5 keys in 2 components; one device's owner is the other's: true
}

// Whatever is asked first sees every pair that was added, though pairs are looked up in
// batches.
func TestTheFirstQuestionSeesEveryPair(t *testing.T) {
	for question, ask := range map[string]func(c *identity.Components) string{
		"Len":   func(c *identity.Components) string { return fmt.Sprint(c.Len()) },
		"Count": func(c *identity.Components) string { return fmt.Sprint(c.Count() + 2) },
		"Find": func(c *identity.Components) string {
			if n, ok := c.Find("c"); n != 0 || !ok {
				return "unknown"
			}
			return "3"
		},
		"All": func(c *identity.Components) string {
			n := 0
			for range c.All() {
				n++
			}
			return fmt.Sprint(n)
		},
		"Merge":      func(c *identity.Components) string { var o identity.Components; o.Merge(c); return fmt.Sprint(o.Len()) },
		"Merge into": func(c *identity.Components) string { c.Merge(&identity.Components{}); return fmt.Sprint(c.Len()) },
		"MarshalBinary": func(c *identity.Components) string {
			b, err := c.MarshalBinary()
			var o identity.Components
			if err != nil || o.UnmarshalBinary(b) != nil {
				return "an error"
			}
			return fmt.Sprint(o.Len())
		},
	} {
		var c identity.Components
		c.Add("a", "b")
		c.Add("c", "a")
		if got := ask(&c); got != "3" {
			t.Errorf("%s: %s", question, got)
		}
	}
}

// The encoding holds the keys in order.
func TestEncodedComponentsAreInOrder(t *testing.T) {
	var c identity.Components
	c.Add("carol", "ann")
	c.Add("bob", "bob")
	c.AddKeys(300, 2)
	b, err := c.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, k := range []string{"ann", "bob", "carol"} {
		i := bytes.Index(b, []byte(k))
		if i <= at {
			t.Errorf("%s stands at %d of %q", k, i, b)
		}
		at = i
	}
	if !bytes.HasSuffix(b, []byte{0, 2, 0, 300&127 | 128, 300 >> 7}) { // each behind the place of the least key of its component
		t.Errorf("number keys: %x", b)
	}
}

func TestEncodedNumberKeysDoNotTellTheirOrder(t *testing.T) {
	var want []byte
	for _, edges := range [][][2]uint64{{{300, 2}, {7, 7}, {1 << 40, 300}}, {{7, 7}, {2, 1 << 40}, {300, 2}}, {{1 << 40, 2}, {300, 2}, {7, 7}}} {
		var c identity.Components
		for _, e := range edges {
			c.AddKeys(e[0], e[1])
		}
		got, err := c.MarshalBinary()
		if want == nil {
			want = got
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %x, want %x (%v)", edges, got, want, err)
		}
	}
}
