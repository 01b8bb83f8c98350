using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>Where a search stands.</summary>
/// <param name="Phase">What is being done, such as <c>searching</c>.</param>
/// <param name="Done">Trials so far.</param>
/// <param name="Total">How many there will be at most; null if that is not known.</param>
/// <param name="Seconds">Since this phase began.</param>
/// <param name="Latest">The latest trial.</param>
/// <param name="WasKnown">Whether an earlier run had evaluated it.</param>
/// <param name="Best">The best so far; null if none succeeded.</param>
public readonly record struct SearchProgress(string Phase, int Done, long? Total, double Seconds, Trial Latest, bool WasKnown, Trial? Best);
