package main

import (
	"bufio"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/examples/internal/input"
	"github.com/tabi-go/tabi/identity"
	"github.com/tabi-go/tabi/journey/simulate"
	"github.com/tabi-go/tabi/touchpoint"
)

// create opens a file in the folder.
func (j *job) create(name string) (io.WriteCloser, error) {
	f, err := os.Create(filepath.Join(j.out, name))
	if err != nil {
		return nil, &input.UsageError{Err: err}
	}
	return f, nil
}

// columns of touches.csv between the campaign and the rest are the types of identifiers.
func types(w *simulate.World) []identity.Type {
	ts := []identity.Type{identity.UserID, identity.AnonymousID, identity.Email}
	if w.Accounts != nil {
		ts = append(ts, identity.CRMAccountID, identity.CRMDealID)
	}
	return ts
}

// writeTouches writes the touches and, unless truths is nil, the truth about each. It
// returns how many there were.
func writeTouches(touches, truths io.Writer, p *simulate.Population, w *simulate.World, j *job) (int, error) {
	to := bufio.NewWriterSize(touches, 1<<16)
	ids := types(w)
	if j.format == touchpoint.CSV {
		to.WriteString("source,id,at,received_at,kind,channel,touchpoint,campaign.source,campaign.medium,campaign.name,")
		for _, t := range ids {
			to.WriteString("id." + string(t) + ",")
		}
		to.WriteString("direction,cost,value,currency,stage,props")
		if j.label {
			to.WriteString(",truth_person")
		}
		to.WriteByte('\n')
	}
	n := 0
	var row []byte
	if truths == nil && !j.label {
		for tp := range p.Touches() {
			n++
			row = appendTouch(row[:0], &tp, j.format, ids, "")
			if _, err := to.Write(row); err != nil {
				return n, err
			}
		}
		return n, to.Flush()
	}
	if truths == nil {
		truths = io.Discard
	}
	truth := bufio.NewWriterSize(truths, 1<<16)
	truth.WriteString("source,id,person,channel,at,parent_source,parent_id,twin_of,usable\n")
	for tp, l := range p.Labelled() {
		n++
		person := ""
		if j.label {
			person = l.Person
		}
		row = appendTouch(row[:0], &tp, j.format, ids, person)
		if _, err := to.Write(row); err != nil {
			return n, err
		}
		if _, err := truth.Write(appendLabel(row[:0], &tp, &l)); err != nil {
			return n, err
		}
	}
	if err := truth.Flush(); err != nil {
		return n, err
	}
	return n, to.Flush()
}

// appendTouch writes one touch as a line. An unusable one has what a broken tracker would
// have written: a time that is none, or money without a currency.
func appendTouch(b []byte, tp *touchpoint.Touch, format touchpoint.Format, ids []identity.Type, person string) []byte {
	if format == touchpoint.JSONLines {
		return append(tp.AppendJSON(b), '\n')
	}
	b = append(b, tp.Source...)
	b = append(append(b, ','), tp.ID...)
	b = append(b, ',')
	if tp.At.Year() < 1970 {
		b = append(b, "yesterday"...)
	} else {
		b = appendTime(b, tp.At)
	}
	b = appendTime(append(b, ','), tp.ReceivedAt)
	b = append(append(b, ','), tp.Kind...)
	b = appendCell(b, string(tp.Channel))
	b = appendCell(b, tp.Touchpoint)
	b = appendCell(b, tp.Campaign.Source)
	b = appendCell(b, tp.Campaign.Medium)
	b = appendCell(b, tp.Campaign.Name)
	for _, t := range ids {
		b = append(b, ',')
		for _, id := range tp.IDs {
			if id.Type() == t {
				b = append(b, id.Value()...)
			}
		}
	}
	b = appendCell(b, tp.Kind.Info().Direction.String())
	b = append(b, ',')
	if !tp.Cost.IsZero() {
		b = append(b, tp.Cost.Text()...)
	}
	b = append(b, ',')
	currency := tp.Cost.Currency
	if !tp.Value.IsZero() {
		b = append(b, tp.Value.Text()...)
		currency = tp.Value.Currency
	}
	b = append(append(b, ','), currency.String()...)
	b = append(append(b, ','), tp.Stage...)
	b = appendCell(b, tp.Props.JSON())
	if person != "" {
		b = append(append(b, ','), person...)
	}
	return append(b, '\n')
}

// appendCell writes a comma and a cell, in quotes where CSV wants them.
func appendCell(b []byte, s string) []byte {
	b = append(b, ',')
	if !strings.ContainsAny(s, "\",\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

func appendTime(b []byte, t time.Time) []byte { return t.AppendFormat(b, time.RFC3339) }

// appendLabel writes the truth about a touch as a line.
func appendLabel(b []byte, tp *touchpoint.Touch, l *simulate.Label) []byte {
	b = append(append(b, tp.Source...), ',')
	b = append(append(b, tp.ID...), ',')
	b = appendCell(append(b, l.Person...), l.Channel)
	b = appendTime(append(b, ','), l.At)
	b = append(append(b, ','), l.Parent.Source...)
	b = append(append(b, ','), l.Parent.ID...)
	b = append(b, ',')
	if l.Original != (touchpoint.Key{}) {
		b = append(append(append(b, l.Original.Source...), '/'), l.Original.ID...)
	}
	b = append(b, ',')
	return append(strconv.AppendBool(b, !l.Unusable), '\n')
}

// writePeople writes who really was there.
func writePeople(to io.Writer, p *simulate.Population) error {
	w := csv.NewWriter(to)
	rows := []string{"person", "account", "role", "persona", "segment", "intent", "devices", "converted_at", "value",
		"cause_channel", "cause_source", "cause_id", "lineage", "stages"}
	if err := w.Write(rows); err != nil {
		return err
	}
	for q := range p.People() {
		converted, value := "", ""
		if !q.Converted.IsZero() {
			converted, value = q.Converted.Format(time.RFC3339), q.Value.Text()
		}
		var stages []string
		for _, s := range q.Stages {
			stages = append(stages, s.Stage+"@"+s.At.Format(time.RFC3339))
		}
		if err := w.Write([]string{
			q.ID, q.Account, q.Role, q.Persona, strconv.Itoa(q.Segment), strconv.FormatFloat(q.Intent, 'g', 12, 64),
			strings.Join(q.Devices, "|"), converted, value, q.Cause.Channel, q.Cause.Touch.Source, q.Cause.Touch.ID,
			strings.Join(q.Lineage, ">"), strings.Join(stages, "|"),
		}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
