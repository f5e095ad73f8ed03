package main

import (
	"bytes"
	"strings"
	"testing"
)

const green = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestA"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"m/a","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.1s\n"}
{"Action":"pass","Package":"m/a","Elapsed":0.1}
{"Action":"output","Package":"m/b","Output":"?   \tm/b\t[no test files]\n"}
{"Action":"skip","Package":"m/b"}
`

const skip = `{"Action":"output","Package":"m/a","Test":"TestS/x","Output":"=== RUN   TestS/x\n"}
{"Action":"output","Package":"m/a","Test":"TestS/x","Output":"    a_test.go:7: no folder ../shared\n"}
{"Action":"output","Package":"m/a","Test":"TestS/x","Output":"--- SKIP: TestS/x (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestS/x","Elapsed":0}
`

func TestRun(t *testing.T) {
	tests := []struct {
		name, in string
		args     []string
		status   int
		want     []string
	}{
		{"closing lines only", green, nil, 0, []string{"ok  \tm/a\t0.1s\n?   \tm/b\t[no test files]\n1 tests passed, 0 skipped\n"}},
		{"skip that should run", skip, []string{"-allow", "postgres"}, 1, []string{"skipped, but should run here: m/a.TestS/x: a_test.go:7: no folder ../shared\n"}},
		{"allowed skip", skip, []string{"-allow", "postgres", "-allow", `\.\./shared`}, 0, []string{"skipped: m/a.TestS/x:", "0 tests passed, 1 skipped"}},
		{"failed test tells why",
			`{"Action":"output","Package":"m/a","Test":"TestF","Output":"    a_test.go:9: got 1\n"}` + "\n" +
				`{"Action":"fail","Package":"m/a","Test":"TestF"}` + "\n", nil, 1, []string{"a_test.go:9: got 1\n"}},
		{"failed build",
			`{"ImportPath":"m/a","Action":"build-output","Output":"a.go:1: syntax\n"}` + "\n" +
				`{"ImportPath":"m/a","Action":"build-fail"}` + "\n", nil, 1, []string{"a.go:1: syntax\n"}},
		{"words of the go command", "go: no such module\n", nil, 0, []string{"go: no such module\n"}},
		{"bad pattern", "", []string{"-allow", "("}, 2, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, diag bytes.Buffer
			if status := run(tt.args, strings.NewReader(tt.in), &out, &diag); status != tt.status {
				t.Errorf("exit %d, want %d\n%s%s", status, tt.status, &out, &diag)
			}
			for _, w := range tt.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("printed\n%swant\n%s", &out, w)
				}
			}
			if strings.Contains(out.String(), "=== RUN") {
				t.Errorf("printed the log of tests that passed:\n%s", &out)
			}
		})
	}
}
