package pgstore_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Without a server a plain go test passes and says what to run; under CI it fails.
func TestSkipsWithoutAServer(t *testing.T) {
	const message = "TABI_TEST_POSTGRES is unset; run storage/pgstore/postgres.sh start"
	bare := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "TABI_TEST_POSTGRES=") || strings.HasPrefix(v, "CI=")
	})
	run := func(env ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^(TestConformance|TestGoldenJourneys|TestOpenRefuses|TestKillsInACluster)$")
		cmd.Env = append(slices.Clone(bare), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil || strings.Count(out, message) != 4 || strings.Count(out, "--- SKIP") != 4 {
		t.Errorf("error %v\n%s", err, out)
	}
	if out, err := run("CI=true"); err == nil || !strings.Contains(out, "TABI_TEST_POSTGRES is unset under CI") {
		t.Errorf("under CI: error %v\n%s", err, out)
	}
}
