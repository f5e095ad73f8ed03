// Package rulefile reads the file of identifier rules that stitch -rules and the
// -identity flag of other programs take.
//
// [Read] is the function to call. Every key is optional, an unknown key is an error, and
// paths inside the file are relative to it.
package rulefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
)

// A File is what a file of rules says.
type File struct {
	Rules   identity.Rules
	Ends    []string // kinds of touches that end a session
	Records *Records // nil: the input is touches
	Match   *Match   // nil: no scorer
}

// Records say how a table of records is read as touches.
type Records struct {
	Source      string       `json:"source"`
	ID          string       `json:"id"`
	At          time.Time    `json:"at"`
	AtColumn    string       `json:"at_column"`
	Identifiers []Identifier `json:"identifiers"`
}

// An Identifier is made of one column, or of several joined.
type Identifier struct {
	Type    identity.Type `json:"type"`
	Columns []string      `json:"columns"`
}

// Match says how records are scored against each other.
type Match struct {
	Fields []struct {
		Column  string    `json:"column"`
		Compare string    `json:"compare"`
		Levels  []float64 `json:"levels"`
	} `json:"fields"`
	Block     [][]string `json:"block"`
	Threshold float64    `json:"threshold"` // bits
	Merge     bool       `json:"merge"`
	Seed      uint64     `json:"seed"`
	MaxBlock  int        `json:"max_block"`
}

type file struct {
	Key            string                     `json:"key"`
	Tenant         string                     `json:"tenant"`
	Replace        bool                       `json:"replace"`
	MaxIdentifiers int                        `json:"max_identifiers"`
	SessionGap     *duration                  `json:"session_gap"`
	Carry          *duration                  `json:"carry"`
	Unowned        string                     `json:"unowned"`
	Ends           []string                   `json:"ends"`
	CountryCode    string                     `json:"country_code"`
	Types          map[identity.Type]typeRule `json:"types"`
	Accounts       *accountRules              `json:"accounts"`
	SuffixFile     string                     `json:"suffix_file"`
	FreeMailFile   string                     `json:"free_mail_file"`
	DisposableFile string                     `json:"disposable_file"`
	Records        *Records                   `json:"records"`
	Match          *Match                     `json:"match"`
}

type typeRule struct {
	Entity      *string   `json:"entity"`
	Class       *string   `json:"class"`
	Rank        *int      `json:"rank"`
	Max         *int      `json:"max"`
	Per         *duration `json:"per"`
	MaxOwners   *int      `json:"max_owners"`
	MaxDegree   *int      `json:"max_degree"`
	MinLen      *int      `json:"min_len"`
	Normalize   *string   `json:"normalize"`
	Block       *[]string `json:"block"`
	BlockRegexp *[]string `json:"block_regexp"`
	Off         *bool     `json:"off"`
}

type accountRules struct {
	CreateFromDomain *bool    `json:"create_from_domain"`
	OwnDomains       []string `json:"own_domains"`
	IgnoreDomains    []string `json:"ignore_domains"`
	TakeFirst        bool     `json:"take_first"`
}

// A duration is a Go duration as JSON text.
type duration time.Duration

// UnmarshalJSON reads a Go duration in quotes.
func (d *duration) UnmarshalJSON(b []byte) error {
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return errors.New("a duration is text such as \"30m\"")
	}
	v, err := time.ParseDuration(s)
	*d = duration(v)
	return err
}

// defaultEnds are the kinds of touches that end a session of a device.
var defaultEnds = []string{"logout", "sign_out", "reset"}

// RecordType is the type of the identifier that each record gets for the scorer.
const RecordType identity.Type = "record"

// Read reads a file of rules; without a name it returns the defaults. Errors are
// [*input.UsageError]s.
func Read(s input.Streams, name string) (*File, error) {
	if name == "" {
		return &File{Rules: identity.DefaultRules(), Ends: defaultEnds}, nil
	}
	b, err := s.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var in file
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, input.Usagef("%s: %w", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, input.Usagef("%s: something follows the rules", name)
	}
	out, err := in.file()
	if err == nil {
		err = in.tables(s, filepath.Dir(name), &out.Rules.Accounts)
	}
	if err == nil {
		err = out.Rules.Validate()
	}
	if err != nil {
		return nil, input.Usagef("%s: %w", name, err)
	}
	return out, nil
}

func (in *file) file() (*File, error) {
	out := &File{Ends: in.Ends, Records: in.Records, Match: in.Match}
	if in.Ends == nil {
		out.Ends = defaultEnds
	}
	r := &out.Rules
	r.Key, r.Tenant, r.MaxIdentifiers, r.CountryCode = []byte(in.Key), in.Tenant, in.MaxIdentifiers, in.CountryCode
	r.SessionGap, r.Carry = span(in.SessionGap), span(in.Carry)
	var err error
	if r.Unowned, err = word(in.Unowned, map[string]identity.Unowned{"": identity.NobodyOwns, "unowned": identity.NobodyOwns,
		"last_known": identity.LastKnown, "nearest": identity.Nearest}); err != nil {
		return nil, fmt.Errorf("unowned: %w", err)
	}
	if a := in.Accounts; a != nil {
		r.Accounts = identity.AccountRules{KnownOnly: a.CreateFromDomain != nil && !*a.CreateFromDomain,
			OwnDomains: a.OwnDomains, IgnoreDomains: a.IgnoreDomains, TakeFirst: a.TakeFirst}
	}
	r.Types = identity.DefaultRules().Types
	if in.Replace {
		r.Types = map[identity.Type]identity.TypeRule{}
	}
	for t, o := range in.Types {
		tr, ok := r.Types[t]
		if !ok {
			tr = identity.TypeRule{MinLen: 1, Format: identity.FormatOpaque}
		}
		if err := o.over(&tr); err != nil {
			return nil, fmt.Errorf("types.%s: %w", t, err)
		}
		r.Types[t] = tr
	}
	if in.Records != nil {
		r.Types[RecordType] = identity.TypeRule{Rank: 9, MinLen: 1}
		if err := in.Records.check(r); err != nil {
			return nil, err
		}
	}
	if m := in.Match; m != nil {
		if in.Records == nil {
			return nil, errors.New("match needs records")
		}
		r.Probabilistic = identity.ScorerRules{Merge: m.Merge, Threshold: int32(m.Threshold * 1000)}
	}
	return out, nil
}

func span(d *duration) time.Duration {
	switch {
	case d == nil:
		return 0
	case *d == 0:
		return -1 // zero said is zero meant, not the default
	}
	return time.Duration(*d)
}

func (o *typeRule) over(tr *identity.TypeRule) (err error) {
	if o.Entity != nil {
		if tr.Entity, err = word(*o.Entity, map[string]identity.Entity{"person": identity.PersonEntity, "account": identity.AccountEntity}); err != nil {
			return fmt.Errorf("entity: %w", err)
		}
	}
	if o.Class != nil {
		if tr.Class, err = word(*o.Class, map[string]identity.Class{"key": identity.KeyClass, "contact": identity.ContactClass, "device": identity.DeviceClass}); err != nil {
			return fmt.Errorf("class: %w", err)
		}
	}
	if o.Normalize != nil {
		if tr.Format, err = word(*o.Normalize, map[string]identity.Format{"opaque": identity.FormatOpaque, "fold": identity.FormatFold,
			"email": identity.FormatEmail, "phone": identity.FormatPhone, "domain": identity.FormatDomain}); err != nil {
			return fmt.Errorf("normalize: %w", err)
		}
	}
	for to, from := range map[*int]*int{&tr.Rank: o.Rank, &tr.Max: o.Max, &tr.MaxOwners: o.MaxOwners, &tr.MaxDegree: o.MaxDegree, &tr.MinLen: o.MinLen} {
		if from != nil {
			*to = *from
		}
	}
	if o.Per != nil {
		tr.Per = time.Duration(*o.Per)
	}
	if o.Off != nil {
		tr.Off = *o.Off
	}
	if o.Block != nil {
		tr.Block = *o.Block
	}
	if o.BlockRegexp != nil {
		tr.BlockRegexp = nil
		for _, p := range *o.BlockRegexp {
			re, err := regexp.Compile(p)
			if err != nil {
				return fmt.Errorf("block_regexp: %w", err)
			}
			tr.BlockRegexp = append(tr.BlockRegexp, re)
		}
	}
	return nil
}

func word[T any](text string, known map[string]T) (T, error) {
	v, ok := known[text]
	if !ok {
		return v, fmt.Errorf("unknown word %q", text)
	}
	return v, nil
}

func (r *Records) check(rules *identity.Rules) error {
	switch {
	case r.Source == "" || r.ID == "":
		return errors.New("records: source and id are needed")
	case r.At.IsZero() && r.AtColumn == "":
		return errors.New("records: at or at_column is needed")
	}
	for _, id := range r.Identifiers {
		if _, ok := rules.Types[id.Type]; !ok || len(id.Columns) == 0 {
			return errors.New("records: an identifier needs a known type and its columns")
		}
	}
	return nil
}

// tables loads the lists of domains.
func (in *file) tables(s input.Streams, dir string, a *identity.AccountRules) error {
	if in.SuffixFile+in.FreeMailFile+in.DisposableFile == "" {
		return nil
	}
	table := new(identity.Table)
	for _, f := range []struct {
		name string
		load func(io.Reader) error
	}{{in.SuffixFile, table.LoadSuffixes}, {in.FreeMailFile, table.LoadFreeMail}, {in.DisposableFile, table.LoadDisposable}} {
		if f.name == "" {
			continue
		}
		name := f.name
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		b, err := s.ReadFile(name)
		if err == nil {
			err = f.load(strings.NewReader(string(b)))
		}
		if err != nil {
			return err
		}
	}
	a.Domains = table
	return nil
}
