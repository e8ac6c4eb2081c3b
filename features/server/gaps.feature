Feature: Missing document numbers
  Numbers of a drive's documents have no gaps: what has not come is missed, and shown until it comes.

  Background:
    Given a register of FFD 1.05 with an open shift

  Rule: A jump in the numbers opens a gap and stops nothing (transport.md 10, E-22)

    @case:O-090 @must
    Scenario: Documents that another site took are missed
      When the operator's reserve site takes 2 receipts
      And the register closes the shift and sends it
      Then the operator misses documents 3 to 4
      And the operator has no incidents

    @case:gap/alarm @should
    Scenario: A gap of more than a day is told to people
      When the operator's reserve site takes 2 receipts
      And the register closes the shift and sends it
      And 25 hours pass
      Then the operator has an incident about "документы 3–4 не получены более 24 часов"

  Rule: Missing documents close the gap when they come (transport.md 10, E-23)

    @case:O-091 @must
    Scenario: The other site hands its documents over
      When the operator's reserve site takes 2 receipts
      And the register closes the shift and sends it
      And the reserve site hands its documents over
      Then the operator misses no documents
      And the operator keeps every document of the drive

  Rule: The archive may be closed over a gap, and that is told (fn.md 4)

    @case:O-052 @must
    Scenario: A drive is closed while documents are missing
      When the operator's reserve site takes 2 receipts
      And the register closes the shift and sends it
      And the register closes the archive and sends it
      Then the operator shows the drive as closed
      And the operator has an incident about "3–4"
