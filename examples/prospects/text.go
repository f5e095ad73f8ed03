package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tabi-go/tabi/persona"
	"github.com/tabi-go/tabi/persona/content"
	"github.com/tabi-go/tabi/persona/lead"
)

// words are the titles of lines, and the words of a tone, by language.
var words = map[string]map[string]string{
	"en": {"write": "write to", "nobody": "nobody may be written to", "not": "not", "tone": "tone", "begin": "begin with", "avoid": "leave out",
		"why": "why", "fit": "fit", "warm": "engagement", "role": "role", "stalled": "silent for longer than usual", "next": "next",
		"score": "score %d, grade %s, roles met %s", "levels": "formality %d, warmth %d, directness %d, %s",
		"short": "short", "medium": "medium length", "long": "long", "plain": ", plain Japanese", "teinei": ", polite Japanese", "sonkei_kenjo": ", honorific Japanese"},
	"ja": {"write": "宛先", "nobody": "連絡できる相手がいない", "not": "対象外", "tone": "文体", "begin": "書き出し", "avoid": "避けること",
		"why": "理由", "fit": "適合", "warm": "関心", "role": "役割", "stalled": "通常より長く動きがない", "next": "次の一手",
		"score": "スコア%d、等級%s、接触済みの役割%s", "levels": "丁寧さ%d、温かさ%d、率直さ%d、%s",
		"short": "短め", "medium": "標準の長さ", "long": "長め", "plain": "、常体", "teinei": "、丁寧語", "sonkei_kenjo": "、尊敬語・謙譲語"},
}

// brief writes a prospect as one line: account, person, role, channel and time.
func (p prospect) brief(w io.Writer, number int) {
	fmt.Fprintf(w, "%2d. %s (%s): ", number, p.name, p.id)
	c := p.choice
	if c.who == nil {
		fmt.Fprintln(w, words[p.lang]["nobody"])
		return
	}
	parts := []string{c.who.id + " " + c.who.title, string(c.holding.Role), string(c.advice.Channel), c.stageName}
	if c.advice.Window != nil {
		parts = append(parts, c.advice.Window.From.Format("2006-01-02 15:04"))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	fmt.Fprintln(w, strings.Join(parts, ", "))
}

// print writes a prospect as a block of lines.
func (p prospect) print(w io.Writer, number int) {
	word := words[p.lang]
	line := func(key, text string) {
		if text != "" {
			fmt.Fprintf(w, "   %s: %s\n", word[key], text)
		}
	}
	fmt.Fprintf(w, "%d. %s (%s): "+word["score"]+"\n", number, p.name, p.id, p.score.Value, p.score.Grade, percent(p.group.Coverage))
	c := p.choice
	if c.who == nil {
		fmt.Fprintf(w, "   %s\n", word["nobody"])
	} else {
		line("write", strings.TrimSuffix(c.who.id+", "+c.who.title, ", "))
		for _, text := range c.advice.Text(p.lang)[1:] {
			fmt.Fprintf(w, "   %s\n", text)
		}
		g := c.advice.Tone
		tone := fmt.Sprintf(word["levels"], g.Formality, g.Warmth, g.Directness, word[g.Length])
		if text(c.who.fields, "person.language") == "ja" {
			tone += word[g.Keigo]
		}
		line("tone", tone)
		line("begin", phrases(g.Lead, p.lang))
		line("avoid", phrases(g.Avoid, p.lang))
	}
	for _, passed := range c.passed {
		for _, r := range passed.refused {
			line("not", passed.id+": "+r.Text(p.lang))
		}
	}
	fmt.Fprintf(w, "   %s:\n", word["why"])
	because := func(key, text string) {
		if text != "" {
			fmt.Fprintf(w, "   - %s: %s\n", word[key], text)
		}
	}
	because("fit", fitReasons(p.fit))
	because("warm", warmReasons(p.score, p.lang))
	if c.who == nil {
		return
	}
	because("role", roleReason(c))
	state := c.advice.Text(p.lang)[0]
	if c.who.stalled {
		because("stalled", state)
	} else {
		fmt.Fprintf(w, "   - %s\n", state)
	}
	for _, s := range c.next {
		because("next", s.Text(p.lang))
	}
}

func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 0, 64) + " %" }

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

func phrases(list []content.Phrase, lang string) string {
	var out []string
	for _, p := range list {
		out = append(out, p.In(lang))
	}
	return strings.Join(out, "; ")
}

// fitReasons lists criteria with their points and what was seen.
func fitReasons(f persona.Fit) string {
	var parts []string
	for _, r := range f.Reasons {
		points := "?"
		if r.Known {
			points = decimal(r.Points)
		}
		seen := ""
		for _, l := range r.Leaves {
			if l.Why.Known() {
				seen = " (" + l.Value.String() + ", " + l.Why.Source + " " + l.Why.At.UTC().Format(time.DateOnly) + ")"
			}
		}
		parts = append(parts, r.Criterion+" "+points+seen)
	}
	return fmt.Sprintf("%s %s [%s–%s]: %s", decimal(f.Score), f.Tier, decimal(f.Low), decimal(f.High), strings.Join(parts, "; "))
}

// warmReasons lists the three rules that brought most points.
func warmReasons(s lead.Score, lang string) string {
	terms := slices.Clone(s.Terms)
	slices.SortStableFunc(terms, func(a, b lead.Term) int { return cmp.Compare(b.Points, a.Points) })
	var parts []string
	for _, t := range terms[:min(3, len(terms))] {
		parts = append(parts, fmt.Sprintf("%s %s (%d)", ruleName(t.Rule, lang), decimal(t.Points), t.Touches))
	}
	return decimal(s.Engagement) + ": " + strings.Join(parts, "; ")
}

func ruleName(id, lang string) string {
	for _, r := range lead.DefaultTable().Rules {
		if r.ID == id && r.Names[lang] != "" {
			return r.Names[lang]
		}
	}
	return id
}

// roleReason says which role somebody holds, how surely, and by what evidence.
func roleReason(c choice) string {
	if c.role == "" {
		return ""
	}
	e := c.holding.Evidence[0]
	return fmt.Sprintf("%s, %s: %s = %s", c.holding.Role, c.holding.Certainty, e.Field, e.Value)
}
