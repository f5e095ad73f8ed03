package touchpoint

import (
	"math"
	"math/big"
)

// An answer is the score of props.survey on its scale. Exact fractions, since a host may
// state any range; answers are few.
type answer struct {
	score, min, max *big.Rat
	nps, reversed   bool // reversed: lower is better
}

// answers reports whether touches of the kind carry props.survey.
func (t *Touch) answers() bool { return t.Kind == KindSurveyAnswer || t.Kind == KindReview }

// answer reads the score, nil where there is none or the scale has no numbers (text,
// source, none). A score outside its scale, or broken on a scale of whole numbers, is an
// error; so is a range without ends.
func (t *Touch) answer() (*answer, error) {
	name, _ := t.Props.Text("survey", "scale")
	a := &answer{nps: name == "nps"}
	a.reversed, _ = t.Props.Bool("survey", "lower_is_better")
	whole := true
	switch name {
	case "nps":
		a.min, a.max = big.NewRat(0, 1), big.NewRat(10, 1)
	case "csat5", "stars5":
		a.min, a.max = big.NewRat(1, 1), big.NewRat(5, 1)
	case "ces7":
		a.min, a.max = big.NewRat(1, 1), big.NewRat(7, 1)
	case "thumbs":
		a.min, a.max = big.NewRat(0, 1), big.NewRat(1, 1)
	case "range":
		whole = false
		var err error
		if a.min, err = t.surveyNumber("min"); err != nil {
			return nil, err
		}
		if a.max, err = t.surveyNumber("max"); err != nil {
			return nil, err
		}
		if a.min == nil || a.max == nil {
			return nil, &InvalidError{"props.survey.min", Missing}
		}
		if a.min.Cmp(a.max) >= 0 {
			return nil, &InvalidError{"props.survey.max", OutOfRange}
		}
	default:
		return nil, nil
	}
	var err error
	if a.score, err = t.surveyNumber("score"); err != nil || a.score == nil {
		return nil, err
	}
	if a.score.Cmp(a.min) < 0 || a.score.Cmp(a.max) > 0 || whole && !a.score.IsInt() {
		return nil, &InvalidError{"props.survey.score", OutOfRange}
	}
	return a, nil
}

// surveyNumber returns a number of props.survey, nil for none.
func (t *Touch) surveyNumber(key string) (*big.Rat, error) {
	if _, ok := t.Props.Raw("survey", key); !ok {
		return nil, nil
	}
	token, ok := t.Props.Number("survey", key)
	if !ok {
		return nil, &InvalidError{"props.survey." + key, NotANumber}
	}
	r, _ := new(big.Rat).SetString(token)
	return r, nil
}

// sentiment maps the score. On the nps scale 9 and 10 are +1, 7 and 8 are 0, the rest −1:
// the mean of the answers is then exactly NPS/100 (Reichheld 2003), and a 6 is no happy
// face. The other scales are linear from −1 to 1, rounded half away from zero.
func (a *answer) sentiment() Sentiment {
	if a.nps {
		switch score := a.score.Num().Int64(); {
		case score >= 9:
			return SentimentMilli(1000)
		case score >= 7:
			return SentimentMilli(0)
		}
		return SentimentMilli(-1000)
	}
	r := new(big.Rat).Sub(a.score, a.min)
	r.Quo(r, new(big.Rat).Sub(a.max, a.min))
	r.Sub(r.Mul(r, big.NewRat(2000, 1)), big.NewRat(1000, 1))
	if a.reversed {
		r.Neg(r)
	}
	// The quotient cuts towards zero, so half a unit is added away from it.
	half := big.NewRat(int64(r.Sign()), 2)
	r.Add(r, half)
	return SentimentMilli(int(new(big.Int).Quo(r.Num(), r.Denom()).Int64()))
}

// validateAnswer holds scores inside their scales.
func (t *Touch) validateAnswer() error {
	if !t.answers() {
		return nil
	}
	_, err := t.answer()
	return err
}

// feedback fills what an answer implies: its sentiment, unless one was given, and the
// channel that somebody names who was asked how they heard of us. The channel of the touch
// stays that of the survey, so that both can be compared.
func (t *Touch) feedback(o *Options) error {
	negative := t.Kind == KindComplaint || t.Kind == KindEmailSpam
	if t.Redacted || !negative && !t.answers() {
		return nil
	}
	if !negative {
		t.nameSource(o)
	}
	if t.Sentiment.set {
		return nil
	}
	if negative {
		t.Sentiment = SentimentMilli(-1000)
	} else {
		a, err := t.answer()
		if err != nil {
			return err
		}
		if a != nil {
			t.Sentiment = a.sentiment()
		} else if err := t.judge(o); err != nil || !t.Sentiment.set {
			return err
		}
	}
	o.Report.count(t.Source, "sentiment", filled, 1)
	return nil
}

// nameSource puts the channel that the answer names, if it names one, beside it.
func (t *Touch) nameSource(o *Options) {
	if scale, _ := t.Props.Text("survey", "scale"); scale != "source" {
		return
	}
	text, ok := t.Props.Text("survey", "text")
	if _, done := t.Props.Raw("survey", "channel"); !ok || done {
		return
	}
	name, err := o.cleanName(t.Source, "channel", text)
	if err != nil || name == "" {
		return
	}
	c := o.knownChannel(t.Source, Channel(name))
	if !isCanonical[c] && !o.Vocabulary.knows("channel", string(c)) {
		return
	}
	raw, _ := t.Props.Raw("survey")
	t.Props = t.Props.set("survey", Props{raw}.SetText("channel", string(c)).json)
}

// judge asks the host's model about the text of an answer.
func (t *Touch) judge(o *Options) error {
	text, _ := t.Props.Text("survey", "text")
	if o.Sentiment == nil || text == "" {
		return nil
	}
	lang, _ := t.Props.Text("lang")
	v, ok, err := o.hookSentiment(text, lang)
	switch {
	case err != nil || !ok:
		return err
	case math.IsNaN(v) || math.IsInf(v, 0):
		return &InvalidError{"sentiment", NotFinite}
	case v < -1 || v > 1:
		return &InvalidError{"sentiment", OutOfRange}
	}
	t.Sentiment = SentimentMilli(int(math.Round(v * 1000)))
	return nil
}

func (o *Options) hookSentiment(text, lang string) (v float64, ok bool, err error) {
	defer guard("Options.Sentiment", &err)
	v, ok = o.Sentiment(text, lang)
	return v, ok, nil
}
