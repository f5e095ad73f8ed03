package main

// text is what the program says in one language.
type text struct {
	lang   string
	titles [5]string
	none   string
}

var texts = map[string]text{
	"en": {"en", [5]string{"Facts", "One person", "One account", "Stages", "Credit"}, "none"},
	"ja": {"ja", [5]string{"事実", "ある人の旅", "ある企業の旅", "ステージ", "貢献度"}, "なし"},
}
