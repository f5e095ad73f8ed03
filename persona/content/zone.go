package content

import (
	_ "embed"
	"strings"
	"sync"
	"time"

	"github.com/tabi-go/tabi/persona"
)

//go:embed table/capitals.csv
var capitalTable string

// capitals are the time zones of capitals by country.
var capitals = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(capitalTable) {
		country, zone, _ := strings.Cut(strings.TrimSpace(line), ",")
		out[country] = zone
	}
	return out
})

// CapitalZone returns the name of the time zone of a country's capital, by ISO 3166-1
// alpha-2 code, for the sixty largest economies.
func CapitalZone(country string) (name string, ok bool) {
	name, ok = capitals()[country]
	return name, ok
}

// zoneOf finds the zone of a subject: the person's, the account's, that of the country's
// capital, else UTC. Names that the system's table of zones lacks are passed over.
func zoneOf(f persona.Fields) (zone *time.Location, from string) {
	for _, side := range []string{"person", "account"} {
		if v, why := f.Field(side + ".timezone"); why.Known() {
			if loc, ok := load(v.String()); ok {
				return loc, side
			}
		}
	}
	for _, side := range []string{"person", "account"} {
		if v, why := f.Field(side + ".country"); why.Known() {
			name, _ := CapitalZone(v.String())
			if loc, ok := load(name); ok {
				return loc, "country"
			}
		}
	}
	return time.UTC, "utc"
}

func load(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}
