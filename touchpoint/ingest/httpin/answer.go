package httpin

import (
	"encoding/json"
	"net/http"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/ingest"
)

// An answer is what a request comes to.
type answer struct {
	w       http.ResponseWriter
	status  int
	key     string // its name
	tally   touchpoint.Tally
	results []result
}

// A result is what became of one touch, or of a message that gave none.
type result struct {
	I      int               `json:"i"` // of the message in the request
	Status string            `json:"status"`
	Reason touchpoint.Reason `json:"reason,omitempty"`
	Field  string            `json:"field,omitempty"`
	Fields []string          `json:"fields,omitempty"`
	Notes  []ingest.Note     `json:"notes,omitempty"`
}

// send writes the answer.
func (a *answer) send(status int) {
	text, err := json.Marshal(struct {
		Success    bool     `json:"success"`
		Offered    int      `json:"offered"`
		Accepted   int      `json:"accepted"`
		Duplicate  int      `json:"duplicate"`
		Conflict   int      `json:"conflict"`
		Rejected   int      `json:"rejected"`
		Suppressed int      `json:"suppressed"`
		Retry      int      `json:"retry"`
		Results    []result `json:"results"`
	}{
		status == http.StatusOK, a.tally.Offered(), a.tally[touchpoint.Accepted], a.tally[touchpoint.Duplicate],
		a.tally[touchpoint.Conflict], a.tally[touchpoint.Rejected], a.tally[touchpoint.Suppressed],
		a.tally[touchpoint.Retry], append([]result{}, a.results...),
	})
	if err != nil { // text and numbers only
		status, text = http.StatusInternalServerError, nil
	}
	if status == http.StatusServiceUnavailable {
		a.w.Header().Set("Retry-After", "1")
	}
	a.write(status, text)
}

// fail answers a request that offered nothing.
func (a *answer) fail(status int, why string) {
	text, _ := json.Marshal(map[string]any{"success": false, "error": why})
	if status == http.StatusUnauthorized {
		a.w.Header().Set("WWW-Authenticate", `Basic realm="write key", charset="UTF-8"`)
	}
	a.write(status, text)
}

func (a *answer) write(status int, text []byte) {
	a.status = status
	a.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	a.w.Header().Set("X-Content-Type-Options", "nosniff")
	a.w.WriteHeader(status)
	_, _ = a.w.Write(append(text, '\n')) // who is gone does not read it
}
