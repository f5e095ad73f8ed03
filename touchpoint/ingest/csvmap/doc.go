// Package csvmap reads tables of any shape — exports of a CRM, a data warehouse, a
// spreadsheet — into touches by a declarative mapping: JSON, no code.
//
//	m, err := csvmap.Parse([]byte(`{
//		"source": "shop", "at": {"col": "sold", "zone": "Asia/Tokyo"},
//		"kind": {"const": "order"}, "ids": [{"type": "user_id", "col": "customer"}],
//		"value": "amount", "currency": {"const": "JPY"}}`))
//	d, err := m.Decoder(nil)
//	for rec, err := range d.Decode(file, time.Time{}) { … }
//
// [Parse] refuses an unknown key and says which; a column that the table lacks is a
// [*ColumnError] before the first row. [Preset] has mappings for the common exports of
// HubSpot and Salesforce by name. Tables beside the main one, such as the contacts of a
// meeting, are handed in with [Mapping.WithTable].
//
// A field of a mapping is the name of a column or an object:
//
//	col, const         a column, a text
//	cols, first        several columns joined by "/", the first that is not empty
//	map, else          exact replacement after cleaning, an object or an array of them
//	                   (for keys that differ by case alone); else for what map lacks
//	default            for the empty value
//	lookup             {table, key, on, col}: the values of col in the rows of a side
//	                   table whose key is the value of the column on
//	split              cuts a cell into several values at this text
//	prefix             takes the value only if it starts so
//	normalize          "salesforce_id" makes 18 characters of 15
//	optional           true: the column may be missing
//
// The keys of a mapping: source, emit (touch, merge, relation, or canonical for what
// package touchpoint writes, which needs no mapping), where, id, at, kind,
// touchpoint, stage, channel, direction, offline, sentiment, campaign.source to
// campaign.id, ids, participants, value, cost, currency, props, and for relations
// person, account, role, primary, from, to. The field at has layouts and zone besides,
// amounts have currency (else the mapping's), decimal, group and strip. A property has
// as (text, number, bool) and scale (percent, minutes, milliseconds), or is
// {"span": [from, to]}, the seconds between two times.
//
// Rows left out by where are skipped, not offered. A row is at most a mebibyte. What
// names columns only by "rest" keeps sync stamps too, and these make conflicts of
// every new export: name the columns you want.
package csvmap
