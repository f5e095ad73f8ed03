package main

import (
	"bytes"
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"

	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/touchpoint"
)

// page is the whole report: no script, nothing from elsewhere.
var page = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Journeys</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; color: #555; padding: .5rem 0 }
th, td { border-bottom: 1px solid #ddd; padding: .4rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818 } caption { color: #aaa } th, td { border-color: #444 } }
</style>
<h1>Journeys</h1>
<p>{{.Touches}} touches of {{.People}} people, as of {{.At}}. {{.Journeys}} journeys, {{.Won}} of them with a purchase.</p>
<table>
<caption>Steps, journeys begun and purchases in whose journey the channel took part.</caption>
<thead><tr><th scope="col">Channel<th scope="col">Steps<th scope="col">Began<th scope="col">Took part</tr></thead>
<tbody>
{{range .Channels}}<tr><td>{{.Name}}<td>{{.Steps}}<td>{{.Began}}<td>{{.Won}}</tr>
{{else}}<tr><td colspan="4">Nothing yet</tr>
{{end}}</tbody>
</table>
</html>
`))

type report struct {
	At                             string
	Touches, People, Journeys, Won int
	Channels                       []*row
}

type row struct {
	Name              touchpoint.Channel
	Steps, Began, Won int
}

func (a *app) getReport(w http.ResponseWriter, req *http.Request) {
	v, err := a.tracker.View(req.Context(), clock.System{}.Now())
	if err != nil {
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	r := report{At: v.At().UTC().Format("2006-01-02 15:04 UTC")}
	r.Touches, _ = v.Facts()
	byName := make(map[touchpoint.Channel]*row)
	for _, who := range v.Subjects(identity.PersonEntity) {
		folded, err := v.Fold(who)
		if err != nil {
			http.Error(w, "the journeys cannot be told", http.StatusInternalServerError)
			return
		}
		r.People++
		for _, j := range folded.Journeys {
			r.Journeys++
			if j.Converted() {
				r.Won++
			}
			part := make(map[*row]bool)
			for i, st := range j.Steps {
				c := byName[st.Channel]
				if c == nil {
					c = &row{Name: cmp.Or(st.Channel, "(none)")}
					byName[st.Channel] = c
				}
				c.Steps++
				if i == 0 {
					c.Began++
				}
				if j.Converted() && !part[c] {
					c.Won++
				}
				part[c] = true
			}
		}
	}
	r.Channels = slices.SortedFunc(maps.Values(byName), func(x, y *row) int {
		return cmp.Or(cmp.Compare(y.Steps, x.Steps), cmp.Compare(x.Name, y.Name))
	})
	var b bytes.Buffer
	if err := page.Execute(&b, r); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(b.Bytes())
}
