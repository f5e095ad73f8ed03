package csvmap_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/tabi-go/tabi/touchpoint/ingest/csvmap"
)

func table12(n int) []byte {
	var b bytes.Buffer
	b.WriteString("id,at,type,name,chan,camp,user,mail,amount,cur,owner,subject\n")
	for i := range n {
		fmt.Fprintf(&b, "e%d,2026-06-01 09:%02d:%02d,OPEN,Spring letter,Email,june,u%d,a%d@example.com,%d.50,EUR,o%d,Some subject of a mail\n", i, i/60%60, i%60, i%500, i%500, i%90, i%9)
	}
	return b.Bytes()
}

func BenchmarkDecode(b *testing.B) {
	data := table12(1000)
	m, err := csvmap.Parse([]byte(`{"source":"crm","id":"id","at":{"col":"at","zone":"UTC"},"kind":{"col":"type","map":{"OPEN":"email_open"}},"touchpoint":"name","channel":"chan",
		"campaign.name":"camp","ids":[{"type":"user_id","col":"user"},{"type":"email","col":"mail"}],"value":"amount","currency":"cur","props":{"owner":"owner","subject":"subject"}}`))
	if err != nil {
		b.Fatal(err)
	}
	d, err := m.Decoder(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for rec, err := range d.Decode(bytes.NewReader(data), time.Time{}) {
			if err != nil || rec.Err != nil {
				b.Fatal(err, rec.Err)
			}
		}
	}
}

// BenchmarkReader is what the decoder is measured against: reading the same table alone.
func BenchmarkReader(b *testing.B) {
	data := table12(1000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
}
