package journey_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tabi-go/tabi/attribution"
	"github.com/tabi-go/tabi/clock"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/identity/match"
	"github.com/tabi-go/tabi/journey"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/audience"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/lead"
	"github.com/tabi-go/tabi/stage"
	"github.com/tabi-go/tabi/storage/memstore"
	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
	"github.com/tabi-go/tabi/touchpoint/ingest"
	"github.com/tabi-go/tabi/touchpoint/ingest/cloudevents"
	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
	"github.com/tabi-go/tabi/touchpoint/ingest/ga4"
	"github.com/tabi-go/tabi/touchpoint/ingest/posthog"
	"github.com/tabi-go/tabi/touchpoint/ingest/segment"
	"github.com/tabi-go/tabi/touchpoint/ingest/snowplow"
)

// raced elsewhere, or by what implements them.
var racedElsewhere = map[string]string{
	"attribution.Attributor":        "attribution.Markov below, and each model in its own test",
	"clock.Clock":                   "clock.System and clock.Manual below",
	"identity.Domains":              "identity.Table, asked by identity.Resolution below",
	"identity.Pseudonymizer":        "identity.Pseudonyms below",
	"journey.Tracker":               "TestDataRaceOfATrackerAndItsViews",
	"journey.View":                  "TestDataRaceOfATrackerAndItsViews",
	"storage.Store":                 "rule S9 of storage/storetest",
	"storage.Snapshot":              "rule S9 of storage/storetest",
	"storage/memstore.Store":        "rule S9 of storage/storetest",
	"touchpoint/ingest.Decoder":     "the decoders below",
	"touchpoint/ingest/httpin.Sink": "the tracker",
}

// decoding is what a decoder makes of a body.
func decoding(body string) func(ingest.Decoder, error) string {
	return func(d ingest.Decoder, err error) string {
		if err != nil {
			return err.Error()
		}
		var out []string
		for r, err := range d.Decode(strings.NewReader(body), on("06-01")) {
			out = append(out, fmt.Sprint(len(r.Touches), len(r.Consents), err))
		}
		return strings.Join(out, " ")
	}
}

// shared is, by type, a value that goroutines use side by side, and what they ask of it.
func sharedValues(t *testing.T) map[string]func() string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	at := on("06-01")
	touches := world(5, 60)
	tr := trackerOn(t, new(memstore.Store), nil)
	record(t, tr, touches...)
	v, err := tr.View(ctx, at)
	must(err)
	res := v.Identity()
	rules := identity.DefaultRules()
	rules.Key = []byte("key")
	subject := v.Subjects(identity.PersonEntity)[0]
	folded, err := v.Fold(subject)
	must(err)
	var js attribution.Journeys
	for _, p := range folded.Journeys[0].Paths(journey.Goal{}, journey.ByKind) {
		must(js.Add(p))
	}
	must(js.AddRow(attribution.Row{Channels: []string{"a", "b"}, Conversions: 3}))
	chain := attribution.Markov{}.Chain(&js)
	hosts := channel.DefaultHosts()
	classifier, err := channel.New(nil)
	must(err)
	mapping, err := csvmap.Preset("hubspot-form")
	must(err)
	desk, deskErr := ingest.NewDesk("x", nil)
	must(deskErr)
	catalogue, err := touchpoint.ParseCatalogue([]byte(`[]`))
	must(err)
	vocabulary, err := touchpoint.ReadVocabulary(strings.NewReader("field,from,to\nchannel,mail,Email\n"))
	must(err)
	report := new(touchpoint.Report)
	props := touchpoint.Props{}.SetText("a", "b").SetText("order_id", "7")
	manual := clock.NewManual(at)
	w, err := simulate.Scenario(simulate.Scenarios()[0])
	must(err)
	population, err := w.Run(1, 5, 5)
	must(err)
	cond, err := persona.ParseCondition([]byte(`{"touches":{"agg":"count","where":{"field":"touch.kind","op":"matches","value":"page.*"}},"op":"ge","value":1}`))
	must(err)
	icps, err := persona.ParseICPs([]byte(`{"id":"i","criteria":[{"id":"c","weight":1,"when":{"field":"person.title","op":"contains","value":"chief"}}]}`))
	must(err)
	personas, err := persona.ParsePersonas([]byte(`{"id":"p","criteria":[{"id":"c","weight":1,"when":{"field":"person.title","op":"exists"}}]}`))
	must(err)
	segments, err := audience.Parse([]byte(`{"id":"s","purpose":"profile","where":{"field":"person.title","op":"exists"}}`))
	must(err)
	profile := persona.Fold(slices.Values([]persona.Observation{{Name: "person.title", At: at, Value: persona.TextValue("Chief Engineer")}}), at, nil)
	fields := persona.Join(profile, persona.OfTouches(touches), persona.Map{"consent.profile": persona.BoolValue(true)})
	subjects := iter.Seq2[string, persona.Fields](func(yield func(string, persona.Fields) bool) { yield("a", fields) })
	members := segments[0].Members(subjects, at)
	calendar := new(content.Calendar)
	plan, err := content.ParsePlan([]byte(`{"id":"p","items":[{"id":"x","touchpoint":"Article","stages":["awareness"],"updated":"2026-01-01T00:00:00Z"}],"cells":[{"stage":"awareness","channel":"Email"}]}`))
	must(err)
	themes := new(content.Themes)
	tone := content.DefaultTone()
	router := &lead.Router{ID: "r", Default: lead.Desk{Owners: []lead.Owner{{ID: "o"}}}}
	rows := make([]lead.Row, 60)
	for i := range rows {
		rows[i] = lead.Row{ID: fmt.Sprint(i), Target: i%3 == 0, Numbers: []float64{float64(i * 7 % 20)}}
	}
	model, err := lead.Logistic{Columns: []lead.Column{{Name: "x"}}}.Train(rows)
	must(err)
	stages := stage.Digital()
	folding, err := stages.Plan()
	must(err)
	hierarchy, _ := res.Hierarchy(at)
	scorer := &match.Scorer{Fields: []match.Field{{Column: "name"}}, Block: [][]string{{"name"}}}
	var traits *persona.TraitMap
	var roles *persona.RoleMap
	twins := touchpoint.Twins(touches, nil)

	return map[string]func() string{
		"identity.Hierarchy": func() string {
			return fmt.Sprint(hierarchy.Ancestors(identity.AccountID{1}), hierarchy.Ultimate(identity.AccountID{1}))
		},
		"identity.ID": func() string { return fmt.Sprint(touches[0].IDs[0], touches[0].IDs[0].Value()) },
		"identity/match.Scorer": func() string {
			r, err := scorer.Score([]match.Record{{ID: touches[0].IDs[0], At: at, Values: map[string]string{"name": "a"}}, {ID: touches[1].IDs[0], At: at, Values: map[string]string{"name": "a"}}})
			return fmt.Sprint(r, err)
		},
		"identity.Pseudonyms": func() string {
			return fmt.Sprint(identity.Pseudonyms{KeyID: "k", Secret: []byte("s")}.Pseudonym(touches[0].IDs[0]))
		},
		"identity.Resolution": func() string {
			out := ""
			for p := range res.People() {
				out += p.ID.String()
			}
			for a := range res.Accounts() {
				out += a.ID.String()
			}
			for i := range touches {
				out += fmt.Sprint(res.Owner(touches[i].Sighting()), res.Account(touches[i].Sighting()).Account)
			}
			return out + fmt.Sprint(res.Explain(touches[0].IDs[0], touches[1].IDs[0]))
		},
		"identity.Rules": func() string {
			id, err := rules.ID(identity.Email, " Ann@Example.com ")
			ok, why := rules.Linkable(id)
			return fmt.Sprint(id.Value(), err, ok, why, rules.Tag(id), rules.Validate())
		},
		"attribution.Chain": func() string {
			c, err := chain.Conversion()
			r, err2 := chain.Remove(func(state []string) bool { return state[0] == "a" })
			visits, err3 := chain.Visits()
			return fmt.Sprint(c, err, r, err2, visits, err3)
		},
		"touchpoint/channel.Classifier": func() string {
			return fmt.Sprint(classifier.Classify(channel.Visit{URL: "https://a.example/?utm_source=news&utm_medium=email", Referrer: "https://www.google.com/"}))
		},
		"touchpoint/channel.Table":              func() string { return fmt.Sprint(hosts.Merge(hosts) != nil) },
		"touchpoint/ingest/cloudevents.Decoder": shareDecoder(decoding(`{"specversion":"1.0","id":"1","source":"s","type":"t"}`))(wide(cloudevents.New(nil))),
		"touchpoint/ingest/csvmap.Mapping":      func() string { return decoding("a,b\n1,2\n")(mapping.Decoder(nil)) },
		"touchpoint/ingest.Desk": func() string {
			return fmt.Sprint(desk.CheckType(identity.Email), desk.Options().Source, desk.Draft() != nil)
		},
		"touchpoint/ingest/ga4.Decoder":      shareDecoder(decoding(`{"event_name":"page_view"}`))(wide(ga4.New(nil))),
		"touchpoint/ingest/posthog.Decoder":  shareDecoder(decoding(`{"event":"$pageview","distinct_id":"u"}`))(wide(posthog.New(nil))),
		"touchpoint/ingest/segment.Decoder":  shareDecoder(decoding(`{"type":"track","event":"x","userId":"u","messageId":"1"}`))(wide(segment.New(nil))),
		"touchpoint/ingest/snowplow.Decoder": shareDecoder(decoding("a\tb\tc\n"))(wide(snowplow.New(nil))),
		"touchpoint.Money":                   func() string { m := touches[0].Value; s, err := m.Add(m); return fmt.Sprint(s, err, m.Text()) },
		"touchpoint.Props": func() string {
			s, ok := props.Text("a")
			return fmt.Sprint(s, ok, props.SetBool("c", true).JSON(), props.Remove("a").JSON())
		},
		"touchpoint.Report": func() string {
			tp := touches[0]
			tp.Channel = "mail"
			err := tp.Normalize(&touchpoint.Options{Report: report, Vocabulary: vocabulary, Catalogue: catalogue})
			return fmt.Sprint(err, report.Rows() == nil && len(report.AppendJSON(nil)) == 0)
		},
		"touchpoint.Touch": func() string {
			return fmt.Sprint(touches[0].Key(), touches[0].Engaged(), string(touches[0].AppendJSON(nil)))
		},
		"touchpoint.Catalogue": func() string { return fmt.Sprint(catalogue.Find(touches[0])) },
		"touchpoint.TwinRules": func() string { return fmt.Sprint(len(touchpoint.Twins(touches, &touchpoint.TwinRules{}))) },
		"touchpoint.Twin":      func() string { return fmt.Sprint(len(twins), twins) },
		"touchpoint.Vocabulary": func() string {
			tp := touches[0]
			tp.Channel = "mail"
			return fmt.Sprint(tp.Normalize(&touchpoint.Options{Vocabulary: vocabulary}), tp.Channel)
		},
		"clock.System": func() string { return fmt.Sprint(clock.System{}.Now().IsZero()) },
		"clock.Manual": func() string { manual.Advance(time.Second); return fmt.Sprint(manual.Now().Before(at)) },
		"journey.Journey": func() string {
			return fmt.Sprint(folded.Journeys[0].Paths(journey.Goal{}, journey.ByKind), folded.Journeys[0].Converted())
		},
		"journey/simulate.Population": func() string {
			n := 0
			for range population.Touches() {
				n++
			}
			for range population.People() {
				n++
			}
			return fmt.Sprint(n)
		},
		"persona/audience.Segment": func() string { return fmt.Sprint(segments[0].Has(fields, at)) },
		"persona/audience.Members": func() string { return fmt.Sprint(slices.Collect(members.All()), members.Has("a"), members.Undecided()) },
		"persona.Condition":        func() string { return fmt.Sprint(cond.Explain(fields, at)) },
		"persona/content.Calendar": func() string { return fmt.Sprint(*calendar) },
		"persona/content.Plan":     func() string { return fmt.Sprint(len(plan.Items), plan.Cells) },
		"persona/content.Themes":   func() string { return fmt.Sprint(themes.Find("slow and dear")) },
		"persona/content.Tone":     func() string { return fmt.Sprint(tone.Resolve(fields, at)) },
		"persona.ICP":              func() string { return fmt.Sprint(icps[0].Fit(fields, at)) },
		"persona/lead.Model":       func() string { return fmt.Sprint(model.Predict(lead.Row{Numbers: []float64{3}})) },
		"persona/lead.Router":      func() string { return fmt.Sprint(router.Assign([]lead.Lead{{ID: "a", Score: 7, Entered: at}}, at)) },
		"persona/lead.Table":       func() string { return fmt.Sprint(lead.DefaultTable().Engagement(fields, at)) },
		"persona.Persona":          func() string { return fmt.Sprint(personas[0].Fit(fields, at)) },
		"persona.Profile":          func() string { return fmt.Sprint(profile.Field("person.seniority")) },
		"persona.RoleMap":          func() string { return fmt.Sprint(roles.Roles(fields, &personas[0], at)) },
		"persona.TraitMap":         func() string { return fmt.Sprint(traits.Observe("役職", "person", "部長")) },
		"persona.Value":            func() string { x, _ := profile.Field("person.title"); return x.String() + fmt.Sprint(x.List()) },
		"stage.History": func() string {
			h := folded.History
			c, ok := h.Current()
			f, _ := h.Furthest()
			return fmt.Sprint(c.Stage, ok, f)
		},
		"stage.Model": func() string { p, err := stages.Plan(); return fmt.Sprint(p != nil, err) },
		"stage.Plan": func() string {
			h, err := folding.Fold(touches, &stage.FoldOptions{At: at})
			return fmt.Sprint(len(h.Visits), err)
		},
	}
}

// wide gives a decoder of a package the type of the interface.
func wide[D ingest.Decoder](d D, err error) (ingest.Decoder, error) { return d, err }

// shareDecoder lets all goroutines use one decoder.
func shareDecoder(use func(ingest.Decoder, error) string) func(ingest.Decoder, error) func() string {
	return func(d ingest.Decoder, err error) func() string { return func() string { return use(d, err) } }
}

// Table 4, data race: every type that says so is safe for concurrent use, and gives
// everybody the answer that one alone gets. The list is that of the sources.
func TestDataRaceOfEveryTypeMarkedSafe(t *testing.T) {
	uses := sharedValues(t)
	for _, name := range markedSafe(t) {
		if uses[name] == nil && racedElsewhere[name] == "" {
			t.Errorf("%s is said to be safe for concurrent use, and nobody tries", name)
		}
	}
	for name, use := range uses {
		want := use()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					if got := use(); got != want {
						t.Errorf("%s: another answer", name)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// markedSafe lists the types of the core whose comment says that they are safe.
func markedSafe(t *testing.T) (out []string) {
	t.Helper()
	for _, dir := range []string{"identity", "attribution", "touchpoint", "clock", "journey", "storage", "persona", "stage"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, d fs.DirEntry, err error) error {
			switch name := d.Name(); {
			case err != nil:
				return err
			case d.IsDir() && (name == "testdata" || name == "storetest" || strings.HasPrefix(name, "sqlite") || strings.HasPrefix(name, "pg") || name == "tabistore"):
				return filepath.SkipDir // modules of their own, and what tests stores
			case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, decl := range f.Decls {
				g, ok := decl.(*ast.GenDecl)
				if !ok || g.Tok != token.TYPE {
					continue
				}
				for _, s := range g.Specs {
					ts := s.(*ast.TypeSpec)
					doc := ts.Doc
					if doc == nil {
						doc = g.Doc
					}
					text := strings.ToLower(strings.Join(strings.Fields(doc.Text()), " "))
					if ts.Name.IsExported() && strings.Contains(text, "safe for concurrent use") && !strings.Contains(text, "not safe") {
						out = append(out, filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))+"."+ts.Name.Name)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 50 {
		t.Errorf("%d types are marked", len(out))
	}
	return out
}
