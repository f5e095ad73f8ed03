package stage

// Digital returns the four stages of the digital journey.
func Digital() Model {
	return preset(Model{ID: "digital", Stages: []Stage{
		at("awareness", 10, "Awareness", "認知", Rule{}),
		at("engagement", 20, "Engagement", "エンゲージメント",
			on("reply", "content", "live", "optin", "lead", "product", "cart", "hand_raise", "call", "sales", "deal", "proposal"),
			times(3, 7*day, "visit")),
		goal(at("transaction", 30, "Transaction", "取引・履行", on("purchase"))),
		at("retention", 40, "Retention", "維持", after("transaction",
			on("use", "onboarding", "activation", "support", "renewal", "advocacy"), times(2, 0, "purchase"))...),
	}})
}

// Classic returns the way from awareness to use and loyalty.
func Classic() Model {
	return preset(Model{ID: "classic", Stages: []Stage{
		at("awareness", 10, "Awareness", "認知", Rule{}),
		at("consideration", 20, "Consideration", "検討", considering(), times(3, 7*day, "visit")),
		goal(at("purchase", 30, "Purchase", "購入", on("purchase"))),
		at("use", 40, "Use", "使用", after("purchase", on("use", "onboarding", "activation", "support"))...),
		at("loyalty", 50, "Loyalty", "ロイヤリティ", after("purchase",
			on("renewal", "advocacy"), times(2, 0, "purchase"))...),
	}})
}

func considering() Rule {
	return on("product", "content", "live", "optin", "lead", "cart", "hand_raise", "call", "sales", "reply", "deal", "proposal")
}

// Lifecycle returns the way from awareness to advocacy, with churn.
func Lifecycle() Model {
	return preset(Model{ID: "lifecycle", Stages: []Stage{
		at("awareness", 10, "Awareness", "認知", Rule{}),
		at("evaluation", 20, "Evaluation", "評価", considering(), times(3, 7*day, "visit"),
			reopens(on("cart", "hand_raise"))),
		goal(at("purchase", 30, "Purchase", "購入", on("purchase"))),
		at("onboarding", 40, "Onboarding", "オンボーディング", after("purchase", on("onboarding", "use", "support"))...),
		at("retention", 50, "Retention", "継続利用", after("purchase",
			on("activation", "renewal"), times(5, 30*day, "use"), times(2, 0, "purchase"))...),
		at("advocacy", 60, "Advocacy", "推奨", after("purchase", on("advocacy"))...),
		loss(at("churned", 70, "Churned", "解約", on("cancel"))),
	}})
}

// AARRR returns the five "pirate" stages, between which customers move freely.
func AARRR() Model {
	return preset(Model{ID: "aarrr", Flow: Free, Stages: []Stage{
		at("acquisition", 10, "Acquisition", "獲得", on("visit", "optin", "lead", "content", "reply", "live", "product")),
		at("activation", 20, "Activation", "活性化", on("activation", "onboarding"), Rule{Kinds: []string{"trial_start"}}),
		at("retention", 30, "Retention", "継続", after("activation", on("use"))...),
		at("referral", 40, "Referral", "紹介", on("advocacy")),
		goal(at("revenue", 50, "Revenue", "収益", on("purchase", "renewal"))),
	}})
}

// HubSpot returns HubSpot's lifecycle stages.
func HubSpot() Model {
	m := preset(Model{ID: "hubspot", Stages: []Stage{
		optional(at("other", 5, "Other", "その他")),
		optional(at("subscriber", 10, "Subscriber", "購読者", on("optin"))),
		at("lead", 20, "Lead", "リード", on("lead"), identified(on("content", "live"))),
		at("mql", 30, "Marketing qualified lead", "MQL", on("mql", "hand_raise")),
		at("sql", 40, "Sales qualified lead", "SQL", on("sql", "sales")),
		at("opportunity", 50, "Opportunity", "商談", on("deal", "proposal")),
		goal(at("customer", 60, "Customer", "顧客", on("purchase"))),
		optional(at("evangelist", 70, "Evangelist", "エバンジェリスト", after("customer", on("advocacy"))...)),
	}})
	m.Aliases["marketingqualifiedlead"], m.Aliases["salesqualifiedlead"] = "mql", "sql" // as its API spells them
	return m
}

// Salesforce returns the factory stages of a Salesforce opportunity; its subjects are
// opportunities, not people.
func Salesforce() Model {
	return preset(Model{ID: "salesforce", Stages: []Stage{
		prior(.10, at("prospecting", 10, "Prospecting", "見込み調査", on("deal"), on("reopen"))),
		prior(.10, at("qualification", 20, "Qualification", "見込み評価")),
		prior(.20, at("needs_analysis", 30, "Needs Analysis", "ニーズ分析")),
		prior(.50, at("value_proposition", 40, "Value Proposition", "価値提案")),
		prior(.60, at("id_decision_makers", 50, "Id. Decision Makers", "意思決定者の特定")),
		prior(.70, at("perception_analysis", 60, "Perception Analysis", "認識分析")),
		prior(.75, at("proposal", 70, "Proposal/Price Quote", "提案・見積", on("proposal"))),
		prior(.90, at("negotiation", 80, "Negotiation/Review", "交渉・レビュー")),
		prior(1, goal(at("closed_won", 90, "Closed Won", "成約", on("purchase")))),
		loss(at("closed_lost", 95, "Closed Lost", "失注", on("lost"))),
	}})
}

// LeadToRevenue returns the way of a lead to revenue and beyond, with nurturing, pauses,
// losses and churn.
func LeadToRevenue() Model {
	nurture := optional(at("nurture", 25, "Nurture", "育成", on("recycle")))
	nurture.Recycle = true
	dormant := at("dormant", 0, "Dormant", "休眠", on("pause"))
	dormant.Kind = Dormant
	overloaded := times(3, 30*day, "support")
	overloaded.After, overloaded.Statement = "won", true
	return preset(Model{ID: "leadtorevenue", DormantAfter: 90 * day, Stages: []Stage{
		at("anonymous", 10, "Anonymous", "匿名", Rule{}),
		at("known", 20, "Known", "既知", on("optin", "lead"), Rule{Identified: true}),
		nurture,
		at("mql", 30, "MQL", "MQL", on("mql"), reopens(on("hand_raise")),
			identified(times(3, 30*day, "content", "live", "reply"))),
		at("sal", 40, "SAL", "SAL", on("sal", "call")),
		at("sql", 50, "SQL", "SQL", on("sql", "sales")),
		at("opportunity", 60, "Opportunity", "商談", reopens(on("deal")), on("reopen")),
		at("negotiation", 70, "Negotiation", "交渉", on("proposal")),
		goal(at("won", 80, "Won", "受注", on("purchase"))),
		loss(at("lost", 85, "Lost", "失注", on("lost"))),
		at("onboarding", 90, "Onboarding", "導入", after("won", on("onboarding", "use"))...),
		optional(at("at_risk", 95, "At risk", "解約懸念", on("downgrade"), overloaded)),
		at("active", 100, "Active", "活用", after("won", on("activation", "renewal"), times(5, 30*day, "use"))...),
		optional(at("expansion", 110, "Expansion", "拡大", after("won",
			Rule{Kinds: []string{"upgrade", "subscription_upgrade"}}, times(2, 0, "purchase"))...)),
		optional(at("advocate", 120, "Advocate", "推奨", after("won", on("advocacy"))...)),
		loss(at("churned", 130, "Churned", "解約", on("cancel"))),
		dormant,
	}})
}
