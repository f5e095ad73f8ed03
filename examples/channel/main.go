// Channel says which channel each visit came by, and why.
//
//	channel [-rules ga4|posthog|FILE] [-hosts FILE] [-exclude SET,…] [-starts] [FILE]
//
// Input is JSON Lines {"url","referrer","source","medium","campaign","own_hosts"}, all
// optional; output one line each: {"channel","source","medium","campaign","rule","why"}.
// With -starts each line also needs "person" and "at", a person's lines in order, and the
// answer says whether a new touch starts there.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

func main() { input.Main("channel", run) }

func run(s input.Streams) error {
	f := flag.NewFlagSet("channel", flag.ContinueOnError)
	rules := f.String("rules", "ga4", "ga4, posthog or a rules `file`")
	hosts := f.String("hosts", "", "`file` with a table of hosts in place of the built-in one")
	exclude := f.String("exclude", "", "referrers that bring nobody: payments, signin, hosts; a `list`")
	starts := f.Bool("starts", false, "say whether a new touch starts; lines need person and at")
	args, err := s.Parse(f)
	if err != nil {
		return err
	}
	if len(args) > 1 {
		return input.Usagef("one file at most")
	}
	c, err := classifier(s, *rules, *hosts, *exclude)
	if err != nil {
		return err
	}
	in, err := s.Open(append(args, "-")[0])
	if err != nil {
		return err
	}
	defer in.Close()
	w := bufio.NewWriter(s.Out)
	a := answerer{c: c, out: json.NewEncoder(w), dead: input.Dead{Err: s.Err}}
	a.out.SetEscapeHTML(false)
	if *starts {
		a.people = make(map[string]*channel.State)
	}
	err = errors.Join(a.answer(in), w.Flush())
	return a.dead.End("channel", err)
}

// classifier makes one from the flags.
func classifier(s input.Streams, rules, hosts, exclude string) (*channel.Classifier, error) {
	o, err := s.ChannelRules(rules)
	if err != nil {
		return nil, err
	}
	if hosts != "" {
		text, err := s.ReadFile(hosts)
		if err != nil {
			return nil, err
		}
		if o.Hosts, err = channel.LoadHosts(bytes.NewReader(text)); err != nil {
			return nil, input.Usagef("%s: %w", hosts, err)
		}
	}
	if exclude != "" {
		o.Exclude = append(o.Exclude, strings.Split(exclude, ",")...)
	}
	c, err := channel.New(o)
	if err != nil {
		return nil, &input.UsageError{Err: err}
	}
	return c, nil
}

type answerer struct {
	c      *channel.Classifier
	out    *json.Encoder
	people map[string]*channel.State // nil: nobody asked for starts
	dead   input.Dead
}

// A visit is one line of the input.
type visit struct {
	URL      string   `json:"url"`
	Referrer string   `json:"referrer"`
	Source   string   `json:"source"`
	Medium   string   `json:"medium"`
	Campaign string   `json:"campaign"`
	OwnHosts []string `json:"own_hosts"`
	Person   string   `json:"person"`
	At       string   `json:"at"`
}

type answer struct {
	Channel  string  `json:"channel"`
	Source   string  `json:"source"`
	Medium   string  `json:"medium"`
	Campaign string  `json:"campaign"`
	Rule     string  `json:"rule"`
	Why      string  `json:"why"`
	Starts   *bool   `json:"starts,omitempty"`
	Because  *string `json:"because,omitempty"`
}

// maxLine is the longest line that is read, in bytes; a longer one is bad.
const maxLine = 1 << 20

func (a *answerer) answer(in io.Reader) error {
	r := bufio.NewReaderSize(in, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := a.line(line, long); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func (a *answerer) line(line []byte, long bool) error {
	var v visit
	var at time.Time
	ok := !long && line[0] == '{' && utf8.Valid(line) && json.Unmarshal(line, &v) == nil
	if ok && a.people != nil {
		var err error
		at, err = input.ParseTime(v.At)
		ok = err == nil && v.Person != ""
	}
	if !ok {
		a.dead.N++ // the answer says it
		return a.out.Encode(map[string]string{"error": "syntax"})
	}
	cv := channel.Visit{URL: v.URL, Referrer: v.Referrer, Source: v.Source, Medium: v.Medium, Campaign: v.Campaign, OwnHosts: v.OwnHosts}
	r := a.c.Classify(cv)
	ans := answer{string(r.Channel), r.Source, r.Medium, r.Campaign.Name, r.Rule, r.Why(), nil, nil}
	if a.people != nil {
		st := a.people[v.Person]
		if st == nil {
			st = &channel.State{}
			a.people[v.Person] = st
		}
		starts, because := a.c.Starts(st, cv, at)
		ans.Starts, ans.Because = &starts, &because
	}
	return a.out.Encode(ans)
}
