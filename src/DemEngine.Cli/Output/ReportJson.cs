using System.Text.Json.Serialization;
using DemEngine.Lab.Benchmarking;
using DemEngine.Sweeps;
using DemEngine.Training.Reports;

namespace DemEngine.Cli.Output;

/// <summary>Writes reports whose members are, name by name, those of their JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(SweepReport))]
[JsonSerializable(typeof(TrainingReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
