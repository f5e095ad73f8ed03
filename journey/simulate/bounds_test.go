package simulate_test

import (
	"testing"

	"github.com/tabi-go/tabi/journey/simulate"
)

// The spread of what a persona is worth ends below 5: beyond it sums would have no meaning.
func TestWorthOfAPersonaAtItsBound(t *testing.T) {
	for sigma, ok := range map[float64]bool{0: true, 4.999: true, 5: false} {
		w, err := simulate.Scenario(simulate.Scenarios()[0])
		if err != nil {
			t.Fatal(err)
		}
		w.Personas = []simulate.Persona{{Name: "p", Share: 1, Base: 1, Median: 1, Sigma: sigma}}
		if err := w.Validate(); (err == nil) != ok {
			t.Errorf("sigma %v: %v", sigma, err)
		}
	}
}
