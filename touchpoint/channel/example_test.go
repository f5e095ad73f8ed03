package channel_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tabi-go/tabi/touchpoint"
	"github.com/tabi-go/tabi/touchpoint/channel"
)

func Example() {
	c, err := channel.New(nil)
	if err != nil {
		panic(err)
	}
	for _, v := range []channel.Visit{
		{URL: "https://shop.example.com/?utm_source=google&utm_medium=cpc", Referrer: "https://www.google.com/"},
		{URL: "https://shop.example.com/", Referrer: "https://gemini.google.com/app"},
		{URL: "https://shop.example.com/?gclid=abc"},
	} {
		r := c.Classify(v)
		fmt.Printf("%s\n  %s\n", r.Channel, r.Why())
	}
	// Output:
	// Paid Search
	//   tags: source=google medium=cpc; ga4/paid-search: source is search (google), medium is paid (contains "cp")
	// AI Assistant
	//   referrer gemini.google.com: ai (gemini); ga4/ai-assistant: source is ai (gemini.google.com)
	// Paid Search
	//   click id gclid: source=google medium=cpc; ga4/paid-search: source is search (google), medium is paid (contains "cp")
}

func ExampleParseRules() {
	o, err := channel.ParseRules([]byte(`{"exclude":["payments"],"rules":[
		{"name":"partners","channel":"Partner","items":[{"field":"medium","op":"exact","value":["affiliates","partner"]}]}]}`), nil)
	if err != nil {
		panic(err)
	}
	c, err := channel.New(o)
	if err != nil {
		panic(err)
	}
	r := c.Classify(channel.Visit{Source: "blogger-x", Medium: "Affiliates"})
	fmt.Println(r.Channel, r.Rule)
	// Output: Partner custom/partners
}

func ExampleLoadHosts() {
	ours, err := channel.LoadHosts(strings.NewReader("social intranet chat.example.com"))
	if err != nil {
		panic(err)
	}
	c, err := channel.New(&channel.Options{Hosts: channel.DefaultHosts().Merge(ours)})
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Classify(channel.Visit{Referrer: "https://chat.example.com/"}).Channel)
	// Output: Organic Social
}

func ExampleClassifier_Starts() {
	c, err := channel.New(&channel.Options{Exclude: []string{"payments"}})
	if err != nil {
		panic(err)
	}
	var s channel.State
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	for _, v := range []channel.Visit{
		{URL: "https://shop.example.com/", Referrer: "https://www.google.com/"},
		{URL: "https://shop.example.com/cart", Referrer: "https://shop.example.com/"},
		{URL: "https://shop.example.com/thanks", Referrer: "https://checkout.stripe.com/"},
	} {
		fmt.Println(c.Starts(&s, v, at))
		at = at.Add(40 * time.Minute)
	}
	// Output:
	// true first
	// false internal
	// false internal
}

func ExampleClassifier_Apply() {
	c, err := channel.New(nil)
	if err != nil {
		panic(err)
	}
	tp := touchpoint.Touch{Kind: touchpoint.KindPageview}
	err = c.Apply(&tp, touchpoint.Page{
		URL: "https://shop.example.com/?fbclid=abc", Referrer: "https://l.facebook.com/",
		UserAgent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	})
	marks, _ := tp.Props.Raw("click_ids")
	rule, _ := tp.Props.Text("bot_rule")
	fmt.Println(tp.Channel, marks, rule, err)
	// Output: Organic Social ["fbclid"] word ending in bot <nil>
}

func ExampleAgent() {
	fmt.Println(channel.Agent("curl/8.4.0").Reason)
	fmt.Println(channel.Agent("Mozilla/5.0 (Linux; Android 9; CUBOT NOTE S) AppleWebKit/537.36 Chrome/88.0 Mobile Safari/537.36").Bot)
	// Output:
	// word curl
	// false
}
