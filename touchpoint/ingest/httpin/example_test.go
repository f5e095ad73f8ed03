package httpin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint/ingest/httpin"
)

func Example() {
	tr, err := journey.NewTracker(memstore.New(nil), nil)
	if err != nil {
		panic(err)
	}
	h, err := httpin.New(tr, &httpin.Options{Keys: map[string]string{"web": "wk-1"}})
	if err != nil {
		panic(err)
	}
	for range 2 { // the second is a retry
		req := httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(`{"batch":[
			{"type":"track","messageId":"m-1","event":"Signed Up","userId":"u-1","timestamp":"2026-04-01T09:00:00Z"},
			{"type":"track","messageId":"m-2","event":"Signed Up","timestamp":"2026-04-01T09:00:00Z"}]}`))
		req.SetBasicAuth("wk-1", "")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 {"success":true,"offered":2,"accepted":1,"duplicate":0,"conflict":0,"rejected":1,"suppressed":0,"retry":0,"results":[{"i":1,"status":"rejected","reason":"missing","field":"ids"}]}
	// 200 {"success":true,"offered":2,"accepted":0,"duplicate":1,"conflict":0,"rejected":1,"suppressed":0,"retry":0,"results":[{"i":0,"status":"duplicate"},{"i":1,"status":"rejected","reason":"missing","field":"ids"}]}
}
