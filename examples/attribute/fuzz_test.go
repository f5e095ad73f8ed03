package main

import (
	"strings"
	"testing"

	"github.com/tabi-go/tabi/attribution"
)

func FuzzPaths(f *testing.F) {
	f.Add("path,total_conversions,total_conversion_value,total_null\nA > B,1,2.5,0\n\"A\",x,,\n")
	f.Add("path,hours_to_end,total_conversions,milestones,stratum,weight\nA > B,3 > 0,1,known|mql > -,s,.5 > 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		d := &data{js: &attribution.Journeys{}, scale: 9}
		if err := d.readPaths(strings.NewReader(text), ""); err != nil {
			return
		}
		sum := int64(0)
		res, err := attribution.Shapley{}.Attribute(d.js, &attribution.Options{Interval: attribution.Interval{Method: attribution.NoInterval}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range res.Credits {
			sum += c.Value
		}
		if sum != d.js.Value() {
			t.Fatalf("credits %d of %d", sum, d.js.Value())
		}
	})
}
