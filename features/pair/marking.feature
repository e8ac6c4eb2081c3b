Feature: Marked goods
  A marked product is checked before it is sold, and its sale is told to the marking operator. The forms of this exchange
  are the bench's own (transport.md 12); order, blocking and results are what is judged.

  Rule: A product is checked in the drive and at the marking operator, and the receipt says what was found (fn.md 9.2)

    @case:O-122 @must @ffd1.2 @provisional
    Scenario: A product in turnover is sold
      Given a register for marked goods of FFD 1.2 with an open shift
      When the register sells a marked product in turnover
      And the register exchanges with the operator
      Then the receipt says of the product: the code is good and the status too
      And the drive holds 0 unsent notifications of sale
      And the operator has no remarks

    @case:O-123 @must @ffd1.2 @provisional
    Scenario Outline: A product that should not be sold is marked in the receipt
      Given a register for marked goods of FFD 1.2 with an open shift
      When the register sells a marked product <goods>
      Then the receipt says of the product: <result>

      Examples:
        | goods                           | result                                         |
        | unknown to the marking operator | the code is wrong and the status too           |
        | with turnover suspended         | the code is good, the status is wrong          |
        | with a malformed code           | the code is good, the status was not asked     |

  Rule: A sold product is out of turnover until it is returned (transport.md 12.2)

    @case:O-125 @must @ffd1.2 @provisional
    Scenario: A product is sold twice
      Given a register for marked goods of FFD 1.2 with an open shift
      And the register sells a marked product in turnover
      And the register exchanges with the operator
      When the register sells the same product again
      Then the receipt says of the product: the code is good, the status is wrong

    @case:marking/returned @must @ffd1.2 @provisional
    Scenario: A returned product can be sold again
      Given a register for marked goods of FFD 1.2 with an open shift
      And the register sells a marked product in turnover
      And the register exchanges with the operator
      And the register takes the same product back
      And the register exchanges with the operator
      When the register sells the same product again
      Then the receipt says of the product: the code is good and the status too

  Rule: A marking operator that does not answer does not stop the shop (fn.md 9.2)

    @case:K-113 @should @ffd1.2 @provisional
    Scenario: Nobody answers about the code
      Given nobody answers about marking codes
      And a register for marked goods of FFD 1.2 with an open shift
      When the register sells a marked product in turnover
      Then the receipt says of the product: the code is good, the status was not asked
      And the drive holds 1 unsent notification of sale

  Rule: Notifications and documents have queues of their own (fn.md 9.2)

    @case:K-114 @must @ffd1.2 @provisional
    Scenario: The operator of documents is out of reach and notifications go on
      Given a register for marked goods of FFD 1.2 with an open shift
      When the operator is out of reach
      And the register sells a marked product in turnover
      And the register exchanges with the operator
      Then the exchange fails
      And the drive holds 1 unsent document
      And the drive holds 0 unsent notifications of sale

  Rule: A register that is not registered for marked goods does not sell them (fn.md 9.1, 1290)

    @case:marking/not-registered @must @ffd1.2
    Scenario: The register is not for marked goods
      Given a register of FFD 1.2 with an open shift
      When the register sells a marked product in turnover
      Then the register refuses because of "без признака торговли маркированными товарами"
