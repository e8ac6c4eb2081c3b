Feature: Our shop keeps its receipts
  What we promise our customers, in sentences that the bench plays.

  Rule: A day without the operator loses nothing (our support contract, item 4)

    @case:shop/day-without-operator @must
    Scenario: The network is down from morning to evening
      Given a registered register of FFD 1.2
      And the operator is out of reach
      When the register trades for 1 day with 20 receipts a day
      Then the drive holds 22 unsent documents
      When the operator is in reach again
      And the register exchanges with the operator
      Then the operator keeps every document of the drive
      And the operator has no remarks
