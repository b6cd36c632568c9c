// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// What the peer tests deploy on a real node: events of every shape, several in one transaction, and failure.
contract Emitter {
    struct Order { address maker; uint256[] amounts; string memo; }

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Filled(bytes32 indexed id, string indexed label, Order order, int128 delta, uint8 side);
    event Whisper(uint256 value) anonymous;

    function transfer(address to, uint256 value) external returns (bool) {
        emit Transfer(msg.sender, to, value);
        return true;
    }

    function burst(address to, uint256 count, uint256 value) external {
        for (uint256 i = 0; i < count; i++) emit Transfer(msg.sender, to, value + i);
    }

    function fill(bytes32 id, string calldata label, uint256[] calldata amounts, int128 delta) external {
        emit Filled(id, label, Order(msg.sender, amounts, label), delta, 1);
    }

    function whisper(uint256 value) external {
        emit Whisper(value);
        assembly { log0(0, 0) }
    }

    function fail(address to, uint256 value) external {
        emit Transfer(msg.sender, to, value);
        revert("no");
    }

    receive() external payable {}
}
