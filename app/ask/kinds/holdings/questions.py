"""How people ask about the documents themselves. One wording a line, as regular expressions; names in angle brackets
stand for the lines of PARTS, '(?P<x>…)' is what is asked about."""

from __future__ import annotations

from app.ask.language.patterns import compiled

PARTS = {
    "docs": r"documents?|files?|docs?|texts?|papers|dokumente?n?|dateie?n?",
    "kinds": r"<docs>|pdfs?|pdf files|word (?:files|documents)|spreadsheets?|excel (?:files|sheets)|presentations?"
    r"|e-?mails|pictures|images|web pages|text files|csv files|powerpoints?",
    "all": r"(?:(?:of|in|the|all|this|these|those|your|my|our|different|other|single) )*",
    "where": r"library|collection|folder|index|archive|database|knowledge base|documents|files|system|app",
    "here": r"(?: (?:currently|now|already|exactly|altogether|in total|in all|overall|available|here|there|indexed"
    r"|loaded|stored|at the moment|(?:in|on|among|within|of|inside) <all><where>))*",
    "have": r"(?: (?:do (?:you|we|i) (?:have(?: access to)?|hold|know(?: of)?|see|contain)|are|are there|is there"
    r"|have you (?:read|got|indexed|seen)|(?:can|could) (?:you|i) (?:see|access|read|search|ask about)|did you read"
    r"|exist|(?:does|do) <all><where> (?:have|hold|contain|include)))?",
    "speak": r"mentions?|talks? (?:about|of)|discuss(?:es)?|deals? with|(?:are|is) (?:all )?about|refers? to"
    r"|speaks? (?:of|about)|says? (?:something|anything) (?:about|on)|uses? (?:the )?(?:word|term|name|expression)s?"
    r"|touch(?:es)? on|(?:has|have|gives?) <some> <on>",
    "mention": r"<speak>|contains?|covers?|names?|concerns?|address(?:es)?|includes?",
    "on": r"about|on|regarding|concerning|related to|relating to|mentioning|dealing with|for the (?:word|term|topic)",
    "some": r"(?:(?:any|some|more|other|the) )*(?:anything|something|<docs>|information|info|material|data"
    r"|sources?)<here>",
    "every": r"everything|<all><docs>",
    "newest": r"newest|latest|most recent|oldest|earliest|longest|shortest|largest|biggest|smallest"
    r"|most up[- ]to[- ]date",
    "changed": r"added|changed|modified|updated|edited|saved",
    "work": r"(?:[\w.-]+ )*?(?:documents?|files?|pdf|manual|guide|report|handbook|paper|presentation|spreadsheet|book"
    r"|article|[\w-]+\.\w{2,5})(?: .+?)??",
    "year": r"(?:(?:january|february|march|april|may|june|july|august|september|october|november|december) )?"
    r"(?:19|20)\d\d",
    "show": r"(?:show|give|list|name|find|search)(?: me| us)?(?: for| a list of)?",
}
_ENGLISH = {
    "count": r"""
        how many <all>(?P<what><kinds>)<have><here>
        (?:what is )?(?:the )?(?:total )?number of (?P<what><kinds>)<here>
        count <all>(?P<what><kinds>)<here>
        how (?:big|large) is <all><where>
    """,
    "count named": r"""
        how many (?P<x>.+?)(?: (?:are there|do you have|exist|are))? (?:among|in|of) <all><where>
    """,
    "pages in all": r"""
        how many (?P<unit>pages)<have> ?<all>(?:<docs>)?(?: (?:have|has|contain))?(?: together)?<here>
        (?:what is )?(?:the )?(?:total )?number of (?P<unit>pages)<here>
    """,
    "list named": r"""
        (?:which|what) <all>(?P<x>[\w -]+?) (?:do you have|are available)<here>
        (?:which|what|<show>) <all>(?P<x>[\w -]+?) (?:are (?:there )?)?in <all>(?:library|collection|folder|archive)
        (?:do you have|have you got|is there) (?:an?|any|the) (?P<work><work>)
    """,
    "length": r"""
        how many (?P<unit>pages|slides|sheets) (?:does|do) (?P<x>.+?) (?:have|contain|comprise|run to|include)
        how many (?P<unit>pages|slides|sheets) (?:has|have|is|are in|are there in) (?P<x>.+?)(?: long| got)?
        how (?:long|big|large) (?:is|are) (?P<x><work>)
        (?:what is )?the (?:length|number of (?P<unit>pages|slides)) (?:of|in) (?P<x><work>)
    """,
    "listed": r"""
        (?:what|which) (?:are )?<all>(?P<what><kinds>)<have><here>
        <show> <all>(?P<what><kinds>)<have><here>
        (?:a )?list of <all>(?P<what><kinds>)<here>
        what(?:'s| is| do you have)? (?:in|inside) (?:the|this|your|my|our) (?:library|collection|folder|index|archive)
        what do you have(?: here)?
        what (?:does|do) <all>(?:library|collection|folder|index) (?:hold|contain|have|include)
    """,
    "any kind": r"""
        (?:do you have|have you got|are there|is there) (?:an?|any|some) (?P<what><kinds>)<here>
    """,
    "most": r"""
        (?:what|which)(?: of)? <all><docs> (?:is|are|was) the (?P<most><newest>)(?: one)?<here>
        (?:what|which) (?:is|are|was) the (?P<most><newest>)(?: one)? (?:of|among) <all><docs><here>
        (?:what|which)(?: (?:is|are))? the (?P<most><newest>) <docs><here>
        (?:<show> )?the (?P<most><newest>) <docs><here>
        (?:what|which) <docs> (?:has|have|contains) the (?P<most>most|fewest|least) (?:pages?|words|text)<here>
        (?:what|which) <docs> (?:was|were|has been|have been) <changed> (?P<most>last|most recently)
        (?:what|which) (?:is|was) the (?P<most>last|most recently) <changed> <docs>
        (?:going|judging) by .+?, (?:what|which) <docs> (?:is|are) the (?P<most><newest>)(?: one)?
        (?:going|judging) by .+?, (?:what|which) (?:is|are) the (?P<most><newest>) <docs>
    """,
    "edition": r"""
        (?:what|which) is the (?:newest|latest|most recent|current) (?:edition|version|revision|issue) of (?P<x>.+)
        (?:what|which) (?:edition|version|revision|issue) of (?P<x>.+) is (?:the )?(?:newest|latest|most recent|current)
    """,
    "of date": r"""
        (?:what|which)(?: of)? <all>(?:<docs>) (?:that )?(?:(?:are|is|were|was) )?<dated> (?P<date><year>)
        (?:what|which) <all><docs> (?:do you have|are there) (?:from|of|for|dated) (?P<date><year>)
        <show> <all><docs> (?:from|of|dated) (?P<date><year>)
        how many <all><docs> (?:are|were|is|was) <dated> (?P<date><year>)
    """,
    "changed": r"""
        (?:what|which) <all><docs> (?:were|was|have been|has been|are) <changed> (?P<when>today|yesterday|recently)
        (?:what|which) <all><docs> (?:were|was|have been|has been) <changed> (?P<when>(?:this|last) (?:week|month|year))
        (?:what|which) <all><docs> (?:were|was|have been|has been) <changed> (?P<when>(?:since|in|after|before) .+)
    """,
    "dated when": r"""
        when (?:was|were) (?P<x>.+?) (?:published|issued|released|written)
        (?:what is )?(?:the )?(?:date|publication date|date of issue) of (?P<x><work>)
        (?:of )?what date is (?P<x><work>)|how old is (?P<y><work>)
    """,
    "changed when": r"""
        when (?:was|were) (?P<x><work>) (?:last )?<changed>(?: last)?<here>
    """,
    "written by": r"""
        who (?:has |have )?(?:wrote|written|authored|drafted|compiled|composed) (?P<x>.+)
        who (?:is|was|are|were) the (?:author|writer)s? of (?P<x>.+)
        by whom (?:was|is|were) (?P<x>.+?) (?:written|drafted|compiled)
        (?:the )?author of (?P<x>.+)
    """,
    "languages": r"""
        (?:in )?(?:what|which) languages? (?:are|do) <all><docs>(?: (?:in|use|written(?: in)?))?<here>
        (?:what|which) languages (?:are there|do you have|occur)<here>
        (?:what|which) language is (?P<x><work>)(?: written)? in
        in (?:what|which) language is (?P<x><work>)(?: written)?
    """,
    "types": r"""
        (?:what|which) file (?:types?|formats?|kinds?)<have><here>
        (?:what|which) (?:types?|kinds?|formats?|sorts?) of (?:files|documents)<have><here>
    """,
    "unread": r"""
        (?:which|what|how many|are there(?: any)?) <all><docs> (?:that )?<unreadable>
        (?:could|can|did) you read <every>
        (?:were|are|have) <every> (?:been )?(?:read|readable)
        are there (?:any )?(?:unreadable|broken|damaged) <docs>
    """,
    "duplicates": r"""
        (?:are there|do you have|do i have|is there|<show>)(?: any| the| all)* <double>(?: <docs>)?<here>
        (?:which|what|are any) <all><docs> (?:are|is|occur) (?:the )?(?:<double>|twice|more than once)
    """,
    "outdated": r"""
        (?:which|what|are any|are there(?: any)?) ?<all><docs> (?:that )?(?:(?:are|is|were|have been|has been) )?<old>
        (?:are there|do you have) (?:any )?<old> <docs><here>
    """,
    "mention": r"""
        how many <all>(?P<noun><docs>) (?:that )?<mention> (?P<x>.+)
        (?:which|what)(?: of)? <all>(?P<noun><kinds>) (?:all |also )?<mention> (?P<x>.+)
        (?:which|what)(?: of)? <all>(?P<noun>[\w-]+(?: [\w-]+)?) (?:all |also )?<speak> (?P<x>.+)
        <show> <all>(?P<noun><docs>) (?:<on>|(?:that|which) (?:<mention>)) (?P<x>.+)
        in (?:which|what|how many) (?:of )?<all>(?P<noun><docs>) (?:does|do|is|are|can|did) (?P<x>.+?) (?:be )?<stand>
        where (?:can|do|could) (?:i|we|you) (?:find|read|see) <some> <on> (?P<x>.+)
        how (?:often|many times) (?:is|are) (?P<x>.+?) mentioned(?: in <all><docs>)?
        how (?:often|many times) does (?P<x>the (?:word|term|name) .+?) (?:appear|occur|come up)(?: in <all><docs>)?
        where (?:is|are|do|does) (?P<x>.+?) (?:mentioned|come up|appear|occur)(?: in <all><docs>)?
    """,
    "anything": r"""
        (?:do|have) (?:you|we|i) (?:(?:have|got|know|find|hold) )?<some> (?:<on>|that (?:<mention>)) (?P<x>.+)
        (?:is|are) there <some> (?:<on>|that (?:<mention>)) (?P<x>.+)
        (?:does|do) (?:any|one) (?:of )?<all><docs> (?:<mention>) (?P<x>.+)
        (?:is|are) (?P<x>.+?) (?:mentioned|discussed) (?:anywhere|somewhere|at all|in any (?:of )?<all><docs>)<here>
    """,
}
_GERMAN = {
    "count": r"""
        wie ?viele? (?P<what><docs>|pdfs?)<hast>
        wie ?viele? (?P<what><docs>) sind (?:hier|in der (?:bibliothek|sammlung)|im (?:ordner|index))
    """,
    "pages in all": r"""
        wie ?viele? (?P<unit>seiten) (?:sind es|gibt es|hast du|haben (?:alle|die) dokumente)(?: insgesamt| zusammen)*
    """,
    "list named": r"""
        (?:which|what) <all>(?P<x>[\w -]+?) (?:do you have|are available)<here>
        (?:which|what|<show>) <all>(?P<x>[\w -]+?) (?:are (?:there )?)?in <all>(?:library|collection|folder|archive)
        (?:do you have|have you got|is there) (?:an?|any|the) (?P<work><work>)
    """,
    "length": r"""
        wie ?viele? (?P<unit>seiten) hat (?P<x>.+)
    """,
    "listed": r"""
        welche (?P<what><docs>)<hast>
        was ist in der (?:bibliothek|sammlung)|was hast du(?: alles)?
    """,
    "written by": r"""
        wer hat (?P<x>.+) (?:geschrieben|verfasst|erstellt)
    """,
    "mention": r"""
        welche (?P<noun><docs>) (?:erwähnen|nennen|behandeln|enthalten|handeln von|sprechen (?:von|über)) (?P<x>.+)
        in welche[mn] (?P<noun><docs>) (?:kommt|kommen|steht|stehen|wird|werden) (?P<x>.+?)(?: (?:vor|erwähnt|genannt))?
        wo (?:wird|werden|kommt) (?P<x>.+?) (?:erwähnt|genannt|vor)
    """,
    "anything": r"""
        (?:hast du|haben (?:wir|sie)|gibt es) (?:(?:irgend)?etwas|was|<docs>|informationen) (?:über|zu[mr]?) (?P<x>.+)
    """,
}
PARTS |= {
    "hast": r"(?: (?:(?:hast|kennst) du|haben (?:wir|sie)|gibt es|sind (?:es|das|da)))?(?: hier)?",
    "dated": r"(?:from|of|issued in|dated|published in|written in|made in)",
    "double": r"duplicates?|duplicated|copies|the same|identical|double",
    "old": r"outdated|superseded|obsolete|out of date|no longer valid|replaced",
    "unreadable": r"(?:(?:you )?(?:could|can|couldn't|can't|cannot)(?: you)?(?: not)? (?:be )?(?:read|open(?:ed)?)"
    r"|failed(?: to (?:load|open|be read))?|(?:were|are) (?:not read|unreadable|broken|damaged|unread)|have errors)",
    "stand": r"(?:occurs?|appears?|mentioned|stand|come up|named|found|discussed|referred to|used|turn up)",
}
ENGLISH, GERMAN = compiled(_ENGLISH, PARTS), compiled(_GERMAN, PARTS)
