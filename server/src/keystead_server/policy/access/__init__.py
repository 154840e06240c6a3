"""Conditional Access: facts about one sign-in in, one verdict out.

    vocabulary, model, controls   a policy: Graph's `conditionalAccessPolicy` as values
    reading, reading_conditions   Graph's JSON, as exports really have it → a policy and notes, or a refusal
    writing, rules                a policy → Graph's JSON; what may not stand in one policy together
    filters/                      the rule language of device, application and workload filters
    locations, location_document  named locations: who is where, found by bisection
    facts                         everything a decision may look at
    compiled, applying            policies → index, once; facts → the policies that apply
    grants, session, decide       the policies that apply → one verdict, the prompts in order, the session
    early                         what can be said before anybody has proved anything
    scope, conditions, explain    every policy and every condition in words, beside the same verdict
    templates                     ready-made policies, in report-only mode
    names, words, words_asked     a policy as a sentence, with names for ids
    universe, demands, analyse    what is wrong with a whole set, over every class of sign-ins

Live and what-if are one function: `decide`.
"""
