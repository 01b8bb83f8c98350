namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Sums and differences of numbers below 100, modulo 10.</summary>
public sealed class ModularSums() : TextSource("modular", "Sums and differences modulo 10: \"mod 47+85=\" is 2.")
{
    private const int Modulus = 10;

    /// <inheritdoc/>
    public override Exercise Draw(RandomDraw random)
    {
        int a = random.Below(100);
        int b = random.Below(100);
        bool isSum = random.Below(2) == 0;
        int result = (isSum ? a + b : a - b + (100 * Modulus)) % Modulus;
        return new Exercise($"mod {a}{(isSum ? '+' : '-')}{b}=", $"{result}");
    }
}
