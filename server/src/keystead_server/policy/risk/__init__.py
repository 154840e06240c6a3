"""Risk: what in somebody's sign-in log speaks for another person at work; each with its reason.

traces      what detections look at of a log row
detections  one small function for each kind
signals     what people and other systems say of somebody
levels      detections → the risk of a sign-in, and of a person
"""
