package layout

import (
	"path"
	"slices"
	"strings"
)

// floors is the table of docs/design.md, lowest first: a package imports only packages
// of lower rows. Packages that do not exist yet have their place already.
var floors = []struct {
	name     string
	packages []string
}{
	{"0a", []string{"clock", "identity", "internal/markup", "internal/num", "internal/typeset"}},
	{"0b", []string{"attribution"}},
	{"1", []string{"identity/match", "touchpoint"}},
	{"2a", []string{"persona", "stage", "storage", "touchpoint/channel", "touchpoint/ingest"}},
	{"2b", []string{
		"persona/audience", "persona/content", "persona/discover", "persona/lead",
		"touchpoint/ingest/cloudevents", "touchpoint/ingest/csvmap", "touchpoint/ingest/ga4",
		"touchpoint/ingest/posthog", "touchpoint/ingest/segment", "touchpoint/ingest/snowplow",
	}},
	{"2c", []string{"touchpoint/ingest/httpin"}},
	{"3a", []string{"journey", "storage/memstore", "storage/shardstore"}},
	{"3b", []string{"storage/storetest"}},
	{"4a", []string{"journey/analytics/eventlog", "journey/analytics/survival", "journey/simulate"}},
	{"4b", []string{
		"journey/analytics/balance", "journey/analytics/flow", "journey/analytics/forecast",
		"journey/analytics/funnel", "journey/analytics/kpi", "journey/analytics/retention",
		"journey/analytics/stall", "journey/analytics/value",
	}},
	{"5a", []string{"journey/journeymap"}},
	{"5b", []string{"journey/journeymap/draw"}},
	{"5c", []string{"journey/journeymap/report"}},
}

// above are the trees that may import anything of the core. Nothing below them imports
// them; tests may, where Go's own rule for internal lets them.
var above = []string{"examples", "internal/browser", "internal/decodetest", "internal/layout", "internal/sim"}

// nested are the folders with a go.mod of their own. Those joined by the committed
// go.work of the root are true.
var nested = map[string]bool{
	"storage/sqlitestore": true, "storage/pgstore": true, "storage/tabistore": true,
	"beam": false, "benchmarks": false, "internal/tools": false,
}

// A rank is the place of a package: rows count from 0, higher is higher.
type rank struct {
	height int
	floor  string // for messages
}

// rankOf returns the place of the package in dir. X/internal/… lies directly below X,
// above everything X may import.
func rankOf(dir string) (rank, bool) {
	x, _, inside := strings.Cut(dir+"/", "/internal/")
	x = strings.TrimSuffix(x, "/")
	for i, f := range floors {
		if !slices.Contains(f.packages, x) {
			continue
		}
		if inside {
			return rank{2 * i, "below " + f.name}, true
		}
		return rank{2*i + 1, f.name}, true
	}
	return rank{}, false
}

// aboveAll returns the tree of above that holds dir, or "".
func aboveAll(dir string) string {
	for _, tree := range above {
		if under(dir, tree) {
			return tree
		}
	}
	return ""
}

// isInternal reports whether Go hides the package from other modules' users.
func isInternal(dir string) bool {
	return strings.Contains("/"+dir+"/", "/internal/")
}

// dirOf returns the folder of an import path of this tree, and whether it is one.
func dirOf(importPath string) (string, bool) {
	if importPath == Module {
		return ".", true
	}
	dir, ours := strings.CutPrefix(importPath, Module+"/")
	return path.Clean(dir), ours
}
