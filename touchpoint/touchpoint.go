package touchpoint

import (
	"slices"
	"strconv"

	"github.com/tabi-go/tabi/touchpoint/internal/jsonscan"
)

// A Touchpoint is a designed place where contacts happen, such as "Pricing page"; each
// contact there is a [Touch].
type Touchpoint struct {
	Name    string
	Names   map[string]string // by language, for drawings
	Media   Media
	Channel Channel // used where a touch has none
	Match   []Match // alternatives; none matches nothing
}

// A Match selects touches: all fields that are not empty must hold. URL is a glob on host
// and path of props.url, in which * is any run without / and ** any run. Event is
// props.event, Campaign the campaign's name or id, Source the touch's. All are compared by
// [Fold].
type Match struct {
	URL, Event, Kind, Channel, Campaign, Source string
}

// Media says whose place a touchpoint is. The zero Media is unknown.
type Media string

// The media.
const (
	MediaOwned   Media = "owned"   // our site, our shop, our newsletter
	MediaPaid    Media = "paid"    // bought reach
	MediaEarned  Media = "earned"  // others speak of us
	MediaSales   Media = "sales"   // people of ours
	MediaService Media = "service" // support after the sale
)

// A Catalogue is a list of touchpoints; the first that matches gives a touch its name. It
// must not be changed while it is used; reading it is safe for concurrent use.
type Catalogue []Touchpoint

// ParseCatalogue reads a catalogue from its JSON form:
//
//	[{"name":"Pricing page","names":{"ja":"価格ページ"},"media":"owned","channel":"Direct",
//	  "match":[{"url":"*.example.com/pricing/**"},{"event":"Pricing viewed","source":"app"}]}]
//
// It is at most [MaxLine] bytes. Unknown keys, a missing name, unknown media and a match
// without a condition are an [*InvalidError] that names the place, such as [0].match[1].
func ParseCatalogue(text []byte) (Catalogue, error) {
	var d jsonscan.Doc
	v, err := d.Parse(string(text), jsonscan.Limits{})
	if err != nil {
		return nil, scanError("catalogue", err)
	}
	if v.Kind() != jsonscan.Array {
		return nil, &InvalidError{"catalogue", Syntax}
	}
	c := make(Catalogue, 0, v.Len())
	for e := v.First(); e.OK(); e = e.Next() {
		path := "[" + strconv.Itoa(len(c)) + "]"
		p, err := readTouchpoint(path, e)
		if err != nil {
			return nil, err
		}
		c = append(c, p)
	}
	return c, nil
}

func readTouchpoint(path string, v jsonscan.Value) (p Touchpoint, err error) {
	if v.Kind() != jsonscan.Object {
		return p, &InvalidError{path, Syntax}
	}
	for m := v.First(); m.OK(); m = m.Next() {
		at := path + "." + m.Key()
		switch m.Key() {
		case "name":
			p.Name, err = readName(at, m)
		case "media":
			p.Media = Media(m.Text())
			if !slices.Contains([]Media{MediaOwned, MediaPaid, MediaEarned, MediaSales, MediaService}, p.Media) {
				err = &InvalidError{at, Syntax}
			}
		case "channel":
			var name string
			name, err = readName(at, m)
			p.Channel = noOptions.knownChannel("", Channel(name))
		case "names":
			p.Names = make(map[string]string, m.Len())
			if m.Kind() != jsonscan.Object {
				err = &InvalidError{at, Syntax}
			}
			for n := m.First(); n.OK() && err == nil; n = n.Next() {
				p.Names[n.Key()], err = readName(at+"."+n.Key(), n)
			}
		case "match":
			if m.Kind() != jsonscan.Array {
				err = &InvalidError{at, Syntax}
			}
			for e := m.First(); e.OK() && err == nil; e = e.Next() {
				var match Match
				match, err = readMatch(at+"["+strconv.Itoa(len(p.Match))+"]", e)
				p.Match = append(p.Match, match)
			}
		default:
			err = &InvalidError{path, Syntax}
		}
		if err != nil {
			return Touchpoint{}, err
		}
	}
	if p.Name == "" {
		return p, &InvalidError{path + ".name", Missing}
	}
	return p, nil
}

func readName(path string, v jsonscan.Value) (string, error) {
	if v.Kind() != jsonscan.String {
		return "", &InvalidError{path, Syntax}
	}
	s, err := Clean(v.Text())
	if err != nil {
		return "", at(path, err)
	}
	if len(s) > MaxName {
		return "", &InvalidError{path, TooLong}
	}
	return s, nil
}

func readMatch(path string, v jsonscan.Value) (m Match, err error) {
	if v.Kind() != jsonscan.Object || v.Len() == 0 {
		return m, &InvalidError{path, Missing}
	}
	for k := v.First(); k.OK(); k = k.Next() {
		var to *string
		switch k.Key() {
		case "url":
			to = &m.URL
		case "event":
			to = &m.Event
		case "kind":
			to = &m.Kind
		case "channel":
			to = &m.Channel
		case "campaign":
			to = &m.Campaign
		case "source":
			to = &m.Source
		default:
			return Match{}, &InvalidError{path, Syntax}
		}
		if *to, err = readName(path+"."+k.Key(), k); err != nil {
			return Match{}, err
		}
		if *to = Fold(*to); *to == "" {
			return Match{}, &InvalidError{path + "." + k.Key(), Missing}
		}
	}
	return m, nil
}
