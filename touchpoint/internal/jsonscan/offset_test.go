package jsonscan_test

import (
	"errors"
	"testing"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// Where a fault is lies inside of the text or at its end, however the text is cut or one
// of its bytes is another; callers count lines up to there.
func TestFaultsLieInsideTheText(t *testing.T) {
	t.Parallel()
	const whole = `{"a":[1,-2.5e+10,"x\u0041\ud83d\ude00\n",{"b":true,"c":null,"A":false}],"d":"é"} `
	for n := range len(whole) + 1 {
		for _, c := range "\x00\"\\{}[]:,ué9-.eEtn " {
			for _, text := range []string{whole[:n], whole[:n] + string(c), whole[:n] + string(c) + whole[min(n+1, len(whole)):]} {
				var doc jsonscan.Doc
				_, err := doc.Parse(text, jsonscan.Limits{})
				var fault *jsonscan.Error
				if err != nil && (!errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text) || fault.Error() != "jsonscan: "+fault.Reason) {
					t.Fatalf("%q: %v at %+v", text, err, fault)
				}
			}
		}
	}
}
