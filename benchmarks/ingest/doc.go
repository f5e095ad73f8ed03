// Package ingest measures how fast messages become touches, beside encoding/json and
// encoding/csv on the same bytes, which only decode and check nothing.
//
//	go test -bench . -benchtime 300x
//
// Each benchmark reports the fastest of its rounds besides the mean, which is what stays
// comparable where others use the machine too.
package ingest
