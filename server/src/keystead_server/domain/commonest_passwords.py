"""What is tried first, without the digits and marks that people put around it.

A short list of our own: keyboard walks, the words of every leaked list, and what one expects at a
place such as this. It only has to outlast ten guesses in a quarter of an hour.
"""

_WORDS = """
    access admin administrator adobe amanda andrea andrew angel anthony apple arsenal ashley asdasd asdf asdfgh
    asdfghjkl austin autumn banana baseball basketball batman bella blink buster butterfly changeit changeme charlie
    cheese chelsea chicken chocolate christian company computer contoso cookie corvette crystal daniel default diamond
    dolphin donald dragon eagle elephant england everton family ferrari flower football freedom friday fuckyou garfield
    george ginger guest hannah harley heaven hello helloworld hockey hunter iloveyou internet january jasmine jennifer
    jessica jordan joshua justin keystead killer kitten letmein liverpool login london lovely loveme maggie manager
    master matrix matthew maverick mercedes merlin michael michelle mickey midnight monday money monkey mustang mynoob
    naruto nicole ninja nothing office orange pa$$word pa55word passpass passport passw0rd password passwort p@ssw0rd
    p@ssword pepper phoenix pokemon princess private purple q1w2e3 q1w2e3r4 q1w2e3r4t5 qazwsx qazwsxedc qwerasdf qwert
    qwerty qwertyu qwertyui qwertyuiop qwertz qwertzuiop rainbow ranger robert root samantha samsung scooter secret
    security service server shadow silver snoopy soccer spring starwars steelers summer sunday sunflower sunshine
    superman support temporary test tester testing testtest thomas thunder tigger tinkerbell trustno trustnoone
    unknown user victoria welcome whatever william winter wizard yamaha yankees zaq1xsw2 zaq12wsx zxcvbn zxcvbnm
    1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 12345678 123456789 1234567890 123123123 12341234 11223344 87654321
    987654321 0987654321 01234567 012345678 0123456789 147258369 123456123 abc abcd abcde abcdef abcdefg abcdefgh
    abcdefghi abcdefghij abc123abc a1b2c3d4 aa123456
"""
COMMONEST = frozenset(_WORDS.split())
